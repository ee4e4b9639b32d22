/** What the pages point at is there: files, headings, and exports that are called by their names. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pages, root } from './markdown.ts';

/** A heading's name in a link, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const headings = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));

const isExported = (name: string, source: string): boolean =>
  new RegExp(`^export (async )?(function\\*?|const|class) ${name}\\b`, 'm').test(source);

/** What is wrong with a link on the page at `path`; undefined where it leads to what it says. */
function wrong(path: string, label: string, target: string): string | undefined {
  const [file = '', fragment] = target.split('#');
  const found = file === '' ? path : join(dirname(path), file);
  if (found.startsWith('..') || !existsSync(join(root, found))) return `${target} is not there`;
  if (fragment !== undefined || label.endsWith('()`')) {
    const source = readFileSync(join(root, found), 'utf8');
    if (fragment !== undefined && !headings(source).includes(fragment))
      return `${found} has no heading ${fragment}`;
    const [, name] = /^`(\w+)\(\)`$/.exec(label) ?? [];
    if (name !== undefined && !isExported(name, source)) return `${found} exports no ${name}`;
  }
  return undefined;
}

describe('links', () => {
  for (const { path, text } of pages()) {
    it(`of ${path} lead to what they say`, () => {
      // What stands in fences is code.
      const prose = text.replaceAll(/^```.*?^```$/gms, '');
      const links = [...prose.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)];
      const bad = links
        .filter(([, , target = '']) => !/^[a-z]+:/.test(target))
        .map(([, label = '', target = '']) => wrong(path, label, target))
        .filter((problem) => problem !== undefined);
      assert.deepEqual(bad, []);
    });
  }
});
