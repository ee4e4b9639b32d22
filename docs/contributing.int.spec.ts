/**
 * CONTRIBUTING's walkthroughs, done by hand as it says: on a copy of the project
 * every change is made, every file is written and every command is run.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { walkthroughs } from './commands.ts';
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

  for (const title of walkthroughs) {
    it(`${title}: the steps work by the letter`, async () => {
      const text = section(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'), title);
      const blocks = codeBlocks(text);
      assert.equal(blocks.at(-1)?.language, 'sh', 'the steps end with commands that check them');
      for (const { file, ...block } of blocks) {
        if (block.language === 'sh') {
          for (const line of block.text.trim().split('\n')) await command(line);
        } else {
          assert.ok(file, `a block does not name its file:\n${block.text}`);
          writeBlock(folder, { ...block, file });
        }
      }
    });
  }

  /** Runs a line of a block. One with the comment `# fails: …` must fail, and print what the comment says. */
  async function command(line: string): Promise<void> {
    const [, wanted] = / # fails: (.*)$/.exec(line) ?? [];
    const { failed, output } = await run('bash', ['-c', line], {
      cwd: folder,
      timeout: 180_000,
    }).then(
      ({ stdout }) => ({ failed: false, output: stdout }),
      (error) => ({ failed: true, output: `${error.message}\n${error.stdout}` }),
    );
    assert.equal(failed, wanted !== undefined, `${line}\n${output}`);
    assert.ok(output.includes(wanted ?? ''), `${line}\n${output}`);
  }
});
