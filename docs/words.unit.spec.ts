/** Pages, messages and comments avoid the words that once made them read like a translation. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from './markdown.ts';

const avoided =
  /\b(?:anew|whoever|comes to|mend(?:s|ed|ing)?|none of|as often as it may|nobody lived)\b/i;

/** `path:line: text` for each line that has an avoided word. */
const findings = (path: string, text: string): readonly string[] =>
  text
    .split('\n')
    .map((line, index) => `${path}:${index + 1}: ${line.trim()}`)
    .filter((line) => avoided.test(line));

const sources = globSync(
  '{bench,cli,deploy,docs,generator,frame,services,shared,stack,zipkin}/**/*.ts',
  {
    cwd: root,
  },
)
  .filter((path) => !path.includes('node_modules/') && path !== 'docs/words.unit.spec.ts')
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

describe('plain words', () => {
  it('are those of the pages', () => {
    assert.deepEqual(
      pages().flatMap(({ path, text }) => findings(path, text)),
      [],
    );
  });

  it('are those of messages, comments and names of tests', () => {
    assert.ok(sources.length > 300, 'the search finds the sources');
    assert.deepEqual(
      sources.flatMap(({ path, text }) => findings(path, text)),
      [],
    );
  });
});
