/** Every test that docs/guarantees.md names exists, and every promise names one. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './markdown.ts';

const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const [, ...promises] = page.split('\n## ');

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The names of the tests in `source`, each as a pattern: a part that is filled in fits anything. */
const testsIn = (source: string): readonly RegExp[] =>
  [...source.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(([, , name = '']) => {
    const fixed = name.replaceAll(/\\(.)/g, '$1').split(/\$\{(?:[^{}]|\{[^}]*\})*\}/);
    return new RegExp(`^${fixed.map(literally).join('.+')}$`);
  });

/** The lines that name a test: its file, and its name. */
const named = (promise: string) =>
  [...promise.matchAll(/^- \[[^\]]+\]\(\.\.\/([^)]+)\): "([^"]+)"/gm)].map(
    ([, file = '', name = '']) => ({ file, name }),
  );

describe('docs/guarantees.md', () => {
  for (const promise of promises) {
    const [title = ''] = promise.split('\n');
    it(`${title}: the tests that are named exist`, () => {
      const tests = named(promise);
      assert.ok(tests.length > 0, 'no test is named');
      assert.equal(tests.length, promise.match(/^- /gm)?.length, 'a line names no test');
      const missing = tests.filter(({ file, name }) => {
        const path = join(root, file);
        if (!existsSync(path)) return true;
        return !testsIn(readFileSync(path, 'utf8')).some((test) => test.test(name));
      });
      assert.deepEqual(missing, []);
    });
  }
});
