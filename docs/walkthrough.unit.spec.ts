import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CodeBlock, codeBlocks } from './markdown.ts';
import { writeBlock } from './walkthrough.ts';

describe('a walkthrough', () => {
  let folder: string;
  const content = () => readFileSync(join(folder, 'a.ts'), 'utf8');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orders-walkthrough-'));
    writeFileSync(join(folder, 'a.ts'), 'one\ntwo\nthree\ntwo\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(markdown: string): void {
    for (const block of codeBlocks(markdown)) {
      writeBlock(folder, block as CodeBlock & { readonly file: string });
    }
  }
  const diff = (...lines: string[]) => write(['```diff file=a.ts', ...lines, '```', ''].join('\n'));

  it('changes what it shows, part by part', () => {
    diff('@@ first', ' one', '-two', '+2', '@@ then', ' three', '+three and a half', ' two');
    assert.equal(content(), 'one\n2\nthree\nthree and a half\ntwo\n');
  });

  it('is refused where its lines are not there, or could be meant twice', () => {
    assert.throws(() => diff(' four', '+five'), /has 0 times/);
    assert.throws(() => diff('-two', '+2'), /has 2 times/);
    assert.equal(content(), 'one\ntwo\nthree\ntwo\n');
  });

  it('writes new files, and over none that is there', () => {
    write('```ts file=new/b.ts\nfour\n```\n');
    assert.equal(readFileSync(join(folder, 'new/b.ts'), 'utf8'), 'four\n');
    assert.throws(() => write('```ts file=a.ts\nfour\n```\n'), /EEXIST/);
  });
});
