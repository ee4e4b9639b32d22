import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from './data-folder.ts';
import { SetupProblem } from './problem.ts';
import { testFolder } from './testing.ts';

describe('openDataFolder', () => {
  it('a folder that another stack lives in is refused, saying which', async () => {
    const folder = await testFolder();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      mkdirSync(join(folder, 'run'));
      writeFileSync(join(folder, 'run', 'stack.lock'), `${other.pid}\n`);
      await assert.rejects(openDataFolder(folder), (error) => {
        assert.ok(error instanceof SetupProblem);
        assert.match(error.message, new RegExp(`process ${other.pid}`));
        return true;
      });
    } finally {
      const gone = once(other, 'exit');
      other.kill('SIGKILL');
      await gone;
    }
    await openDataFolder(folder);
    const holder = readFileSync(join(folder, 'run', 'stack.lock'), 'utf8');
    assert.equal(Number.parseInt(holder, 10), process.pid, 'one that was killed is no obstacle');
  });

  it('a folder that cannot be made is said with its remedy', async () => {
    const folder = await testFolder();
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(openDataFolder(join(folder, 'file', 'below')), SetupProblem);
  });
});
