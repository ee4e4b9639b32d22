import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsHosts } from './certificates.ts';
import { checked } from './manifests.ts';
import { SQL_HOST } from './names.ts';
import { secretObjects } from './secrets.ts';
import { defaults, everything, madeCredentials, podsIn, render } from './testing/rendered.ts';

/** Made by the operator of the database, by the reader, and by cert-manager. */
const ofOthers = /^(orders-sql-ca|stripe|\w+-leaf)$/;

describe('the Secrets', () => {
  let folder: string;
  before(async () => {
    folder = await madeCredentials();
  });
  after(() => rmSync(folder, { recursive: true }));

  const made = async (options: typeof defaults) =>
    new Map(
      (await secretObjects(folder, options)).map((one) => {
        checked(one);
        return [one.metadata?.name ?? '', one.data ?? {}] as const;
      }),
    );
  const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString();

  for (const [what, options] of Object.entries({ defaults, everything })) {
    it(`are all that pods mount and no operator makes (${what})`, async () => {
      const secrets = await made(options);
      for (const [name, { pod }] of podsIn(await render(options))) {
        for (const { secret, projected } of pod.volumes ?? []) {
          const wanted = [secret?.secretName, projected?.sources?.[0]?.secret?.name];
          for (const one of wanted.filter((found) => found !== undefined)) {
            assert.ok(secrets.has(one) || ofOthers.test(one), `${name} has no ${one}`);
          }
        }
      }
    });
  }

  it('hold the files of their programs, and the authority’s key is in none', async () => {
    const secrets = await made(defaults);
    const key = await readFile(join(folder, 'authority/tls/ca.key'), 'utf8');
    for (const [name, data] of secrets) {
      for (const content of Object.values(data)) assert.notEqual(text(content), key, name);
    }
    assert.deepEqual(Object.keys(secrets.get('paymentworker-tls') ?? {}).sort(), [
      'ca.crt',
      'paymentworker.crt',
      'paymentworker.key',
    ]);
    assert.deepEqual(Object.keys(secrets.get('paymentworker-sql') ?? {}), ['paymentworker.pgpass']);
  });

  it('hold no leaf where cert-manager makes them, which gets the key to do so', async () => {
    const secrets = await made(everything);
    const names = [...secrets.keys()];
    assert.deepEqual(
      names.filter((name) => name.endsWith('-tls')),
      [],
    );
    const key = await readFile(join(folder, 'authority/tls/ca.key'), 'utf8');
    assert.equal(text(secrets.get('authority')?.['tls.key']), key);
  });

  it('let the operator of the database make the bootstrapper’s role with its password', async () => {
    const login = (await made(defaults)).get('bootstrapper-login');
    const line = await readFile(join(folder, 'bootstrapper/sql/bootstrapper.pgpass'), 'utf8');
    const told = [text(login?.username), text(login?.password)].join(':');
    assert.ok(line.trim().endsWith(`:${told}`));
    assert.ok(line.startsWith('orders-sql-rw:'), 'it is for the address that pods use');
  });

  it('are those of the hosts that the page tells to name', async () => {
    const page = await readFile(join(import.meta.dirname, '../docs/kubernetes.md'), 'utf8');
    assert.ok(page.includes(`--sql-hosts ${SQL_HOST} --nats-hosts ${natsHosts.join(',')}\n`));
  });

  it('are not made of a folder that nobody has filled', async () => {
    await assert.rejects(
      secretObjects(join(tmpdir(), 'nothing-is-here'), defaults),
      /holds no credentials/,
    );
  });
});
