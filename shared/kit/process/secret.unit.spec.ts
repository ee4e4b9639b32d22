import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

describe('a secret', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  const file = join(folder, 'password');
  after(() => rmSync(folder, { recursive: true }));

  it('shows as asterisks wherever it is printed, and only its user gets it', () => {
    writeFileSync(file, 'canary\n');
    for (const secret of [Secret.of('canary'), Secret.inFile(file)]) {
      const printed = [
        `${secret}`,
        String(secret),
        JSON.stringify({ secret }),
        inspect(secret),
        inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
        format('%s %o %j', secret, secret, secret),
      ];
      for (const text of printed) {
        assert.doesNotMatch(text, /canary/);
        assert.match(text, /\*\*\*/);
      }
      assert.equal(secret.reveal(), 'canary');
    }
  });

  it('follows its file within a second, and keeps its value while the file is empty or away', () => {
    let now = 0;
    writeFileSync(file, 'old\r\n');
    const secret = Secret.inFile(file, () => now);
    writeFileSync(file, 'new\n');
    now = 999;
    assert.equal(secret.reveal(), 'old');
    now = 1_000;
    assert.equal(secret.reveal(), 'new');
    writeFileSync(file, '');
    now = 2_000;
    assert.equal(secret.reveal(), 'new');
    rmSync(file);
    now = 3_000;
    assert.equal(secret.reveal(), 'new');
  });

  it('a file that is missing or empty at the start is an error that names it', () => {
    assert.throws(() => Secret.inFile(join(folder, 'none')), /none/);
    writeFileSync(file, '\n');
    assert.throws(() => Secret.inFile(file), /password is empty/);
  });
});
