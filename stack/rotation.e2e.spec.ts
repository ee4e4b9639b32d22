/** Passwords and keys are changed while orders are placed: no request fails, and what was is refused. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect, nkeyAuthenticator, nkeys } from 'nats';
import postgres from 'postgres';
import { endOf } from '../shared/credentials/certificate-authority.ts';
import { randomSecret } from '../shared/credentials/credentials-folder.ts';
import { leafFiles } from '../shared/credentials/leaves.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats/nats-connection.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { natsLoginAs } from './credentials/nats-logins.ts';
import { asOwner, loginAs } from './credentials/sql-logins.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { createWaves, type Waves } from './testing/waves.ts';

const ORDERS = 200;
const roles = {
  eventstoresvc: 'EVENTSTORE_DATABASE_URL',
  ordersvc: 'ORDERS_DATABASE_URL',
  querymodelworker: 'ORDERS_DATABASE_URL',
  paymentworker: 'PAYMENTS_DATABASE_URL',
} as const;
const identities = ['eventstoresvc', 'paymentworker', 'workers'] as const;

describe('credentials that change under load', function suite() {
  this.timeout(240_000);
  let stack: OrderStack;
  let waves: Waves;
  before(async () => {
    stack = await startOrderStack({ zipkin: false, processes: 'few' });
    waves = createWaves(stack);
  });
  after(() => stack?.stop());

  const fileIn = (url: string, name: string) => new URL(url).searchParams.get(name) ?? '';

  /** Replaces the file in one step. Returns what it held. */
  function replace(file: string, change: (text: string) => string): string {
    const text = readFileSync(file, 'utf8');
    writeFileSync(`${file}.tmp`, change(text), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    return text.trim();
  }

  it('no request fails, and the old ones let nobody in any more', async () => {
    const formerPasswords = new Map<string, string>();
    const formerSeeds: string[] = [];
    const attempts = await waves.wave(ORDERS, async (progress) => {
      await progress.accepted(0.2);
      for (const [role, variable] of Object.entries(roles)) {
        const url = loginAs(stack.addresses[variable], role);
        const was = replace(fileIn(url, 'passfile'), (line) => {
          const kept = line.trim().split(':').slice(0, -1).join(':');
          return `${kept}:${randomSecret()}\n`;
        });
        formerPasswords.set(role, was.split(':').at(-1) ?? '');
      }
      for (const identity of identities) {
        const url = natsLoginAs(stack.addresses.NATS_URL, identity);
        const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
        formerSeeds.push(replace(fileIn(url, 'nkey'), () => `${seed}\n`));
      }
      const { host } = new URL(stack.addresses.NATS_URL);
      for (const seed of formerSeeds) {
        const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
        await eventually('the old key is refused', () =>
          connect({ servers: host, authenticator, reconnect: false }).then(
            (connection) => connection.close().then(() => false),
            () => true,
          ),
        );
      }
    });
    assert.equal(attempts.failed, 0);

    for (const [role, variable] of Object.entries(roles)) {
      const url = new URL(loginAs(stack.addresses[variable], role));
      await eventually(`${role} logs in with the new password`, async () => {
        const sql = openSql(url.href, { max: 1 });
        const [row] = await sql`select 1 as n`.finally(() => sql.end());
        return row?.n === 1;
      });
      const old = postgres(`postgres://${role}@${url.host}${url.pathname}`, {
        max: 1,
        password: formerPasswords.get(role) ?? '',
      });
      await assert.rejects(old`select 1`, { code: '28P01' });
      await old.end();
    }
    for (const identity of identities) {
      const url = natsLoginAs(stack.addresses.NATS_URL, identity);
      await (await connect(natsConnectionOptions(url, 'spec'))).close();
    }
  });

  it('services that lose their connections log in with the new ones', async () => {
    const owner = openSql(asOwner(stack.addresses.EVENTSTORE_DATABASE_URL), { max: 1 });
    try {
      for (const role of Object.keys(roles)) {
        // Only members of a role may end its connections.
        await owner`grant ${owner(role)} to current_user`;
        await owner`
          select pg_terminate_backend(pid) from pg_stat_activity where usename = ${role}`;
        await owner`revoke ${owner(role)} from current_user`;
      }
    } finally {
      await owner.end();
    }
    await waves.wave(20, async () => undefined);
  });
});

describe('certificates that are renewed under load', function suite() {
  this.timeout(240_000);
  /** Renewed every eight seconds, and so several times in each of the tests. */
  const leafMs = 16_000;
  let stack: OrderStack;
  let waves: Waves;
  before(async () => {
    stack = await startOrderStack({ zipkin: false, processes: 'few', leafMs });
    waves = createWaves(stack);
  });
  after(() => stack?.stop());

  const leaf = (name = 'ordersvc') =>
    readFileSync(leafFiles(stack.credentialsDir, name).cert, 'utf8');
  /** Waits until those that count now have ended. */
  const ended = async (certificate: string): Promise<void> => {
    const isOver = () => Date.now() > endOf(certificate) + 1_000;
    await eventually('a certificate has ended', isOver, 3 * leafMs);
  };

  /** Orders are placed until `harm` is done. Returns how many requests failed. */
  async function underLoad(harm: () => Promise<void>): Promise<number> {
    let over = false;
    const harmed = harm().finally(() => {
      over = true;
    });
    let failed = 0;
    do {
      const attempts = await waves.wave(ORDERS, async () => undefined);
      failed += attempts.failed;
    } while (!over);
    await harmed;
    return failed;
  }

  it('fail no request, though all that there were at the start have ended', async () => {
    const first = leaf();
    assert.equal(await underLoad(() => ended(first)), 0);
    assert.notEqual(leaf(), first);
  });

  it('are those that connections show which are made then', async () => {
    const before = leaf('eventstoresvc');
    await underLoad(async () => {
      await ended(before);
      // Those who had connected must do it again.
      stack.kill('workers');
      stack.kill('eventstoresvc');
      const ready = () =>
        fetch(`${stack.adminUrls.eventstoresvc}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await eventually('the event store is gone', async () => !(await ready()));
      await eventually('it is back', ready, 30_000);
    });
    assert.equal(await underLoad(async () => undefined), 0);
  });

  it('of another authority fail none, either', async () => {
    const { ca } = leafFiles(stack.credentialsDir, 'ordersvc');
    const failed = await underLoad(async () => {
      const old = readFileSync(ca, 'utf8');
      rmSync(join(dirname(ca), 'ca.key'));
      await eventually('there is another', () => readFileSync(ca, 'utf8') !== old, 2 * leafMs);
      const before = leaf();
      await eventually('it has signed', () => leaf() !== before, 2 * leafMs);
      await ended(before);
    });
    assert.equal(failed, 0);
  });
});
