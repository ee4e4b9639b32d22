/**
 * CONTRIBUTING's walkthrough, done by hand as it says: on a copy of the project
 * every change is made, every file is written and every command is run.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeBlocks, root, section } from './markdown.ts';
import { copyProject, writeBlock } from './walkthrough.ts';

const run = promisify(execFile);

describe('CONTRIBUTING.md', function suite() {
  this.timeout(400_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'orders-walkthrough-'));
    copyProject(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('adds an event, with its handler and its test, by the letter', async () => {
    const text = section(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'), 'Add an event');
    let commands = 0;
    for (const block of codeBlocks(text)) {
      if (block.language === 'sh') {
        for (const command of block.text.trim().split('\n')) {
          await run('bash', ['-c', command], { cwd: folder, timeout: 180_000 }).catch((error) =>
            assert.fail(`${command}\n${error.message}\n${error.stdout}`),
          );
          commands++;
        }
      } else {
        const { file } = block;
        assert.ok(file, `a block says of no file what it is:\n${block.text}`);
        writeBlock(folder, { ...block, file });
      }
    }
    assert.ok(commands > 0, 'the walkthrough ends without a command that checks it');
  });
});
