import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '../../stack/testing.ts';
import { tlsIdentity } from '../kit/transport/tls/tls-files.ts';
import { eventually } from '../testing/eventually.ts';
import { endOf } from './certificate-authority.ts';
import { type CredentialsFolder, credentialsFolder } from './credentials-folder.ts';
import { keepLeaves, leafFiles } from './leaves.ts';

const HOUR = 60 * 60_000;

describe('the certificates of the stack', () => {
  let folder: CredentialsFolder;
  let stop: AbortController;
  let now: number;
  const keep = () =>
    keepLeaves(folder, ['ordersvc', 'eventstoresvc'], stop.signal, {
      now: () => now,
      lookEveryMs: 10,
    });
  const leaf = (name = 'ordersvc') => readFileSync(leafFiles(folder.path, name).cert, 'utf8');

  beforeEach(async () => {
    folder = credentialsFolder(join(await testFolder(), 'credentials'));
    stop = new AbortController();
    now = Date.now();
  });
  afterEach(() => stop.abort());

  it('are made once, belong together, and only their owner may read them', async () => {
    await keep();
    const first = [leaf(), leaf('eventstoresvc')];
    await keep();
    assert.deepEqual([leaf(), leaf('eventstoresvc')], first);
    for (const name of ['ordersvc', 'operator']) {
      const files = leafFiles(folder.path, name);
      tlsIdentity(files);
      for (const path of Object.values(files)) assert.equal(statSync(path).mode & 0o777, 0o600);
    }
    assert.equal(statSync(folder.file('tls')).mode & 0o777, 0o700);
    assert.equal(statSync(folder.file('tls', 'ca.key')).mode & 0o777, 0o600);
  });

  it('last hours, and are renewed while half of them is left', async () => {
    await keep();
    const first = leaf();
    assert.ok(endOf(first) - now <= 12 * HOUR + 1_000);
    now += 5 * HOUR;
    await keep();
    assert.equal(leaf(), first);
    now += 2 * HOUR;
    await eventually('it is renewed', () => leaf() !== first);
    await eventually('its key is there', () => tlsIdentity(leafFiles(folder.path, 'ordersvc')));
    assert.ok(endOf(leaf()) - now > 11 * HOUR);
  });

  it('are those of the new authority once the old one is taken away, which is trusted on', async () => {
    await keep();
    const old = readFileSync(folder.file('tls', 'ca.crt'), 'utf8');
    const first = leaf();
    rmSync(folder.file('tls', 'ca.key'));
    await eventually('there is another', () => leaf() !== first);
    await eventually('the operator has one, too', () =>
      tlsIdentity(leafFiles(folder.path, 'operator')),
    );
    const both = readFileSync(folder.file('tls', 'ca.crt'), 'utf8');
    assert.ok(both.includes(old) && both.length > old.length);
  });

  it('are made where a broken file lies', async () => {
    await keep();
    writeFileSync(leafFiles(folder.path, 'ordersvc').cert, 'x');
    await eventually('it is whole', () => leaf().includes('BEGIN CERTIFICATE'));
  });
});
