import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsFolder, randomSecret } from './credentials-folder.ts';

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the folder of credentials', () => {
  const parent = mkdtempSync(join(tmpdir(), 'credentials-'));
  after(() => rmSync(parent, { recursive: true }));

  it('only its owner enters it and reads what lies there, though it was open before', () => {
    const path = join(parent, 'open');
    mkdirSync(path, { mode: 0o755 });
    const credentials = credentialsFolder(path);
    const file = credentials.once(['sql', 'ordersvc.password'], randomSecret);
    assert.deepEqual([mode(path), mode(join(path, 'sql')), mode(file)], ['700', '700', '600']);
  });

  it('a credential is made once, and nothing half made stays beside it', () => {
    const path = join(parent, 'once');
    let made = 0;
    const make = () => `secret ${++made}`;
    // The second asks while the first is at it, as another process might.
    const first = credentialsFolder(path).once(['key'], () => {
      credentialsFolder(path).once(['key'], make);
      return 'too late';
    });
    assert.equal(credentialsFolder(path).once(['key'], make), first);
    assert.equal(credentialsFolder(path).read('key'), 'secret 1');
    assert.deepEqual(readdirSync(path), ['key']);
  });

  it('a random secret has 256 bits, and needs no quotes in a URL', () => {
    assert.match(randomSecret(), /^[\w-]{43}$/);
    assert.notEqual(randomSecret(), randomSecret());
  });
});
