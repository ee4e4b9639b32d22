/** The parts of a page that a test can hold against the code: its blocks, its links, its tables. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds the whole project. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** A page: its path from the root, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every page of the project. What is fetched or made by a run is left out. */
export function pages(): readonly Page[] {
  const foreign = ['node_modules', '.data', '.tools', '.git'];
  const inside = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if (foreign.includes(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return inside(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return inside('')
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** A fenced block of a page. */
export interface CodeBlock {
  /** `sh`, `ts`, `diff`, …; empty where none is said. */
  readonly language: string;
  /** From `file=…` after the language: what the block is, or is a change of. */
  readonly file: string | undefined;
  /** Its lines, each with its end. */
  readonly text: string;
  /** The paragraph right above it; empty where there is none. */
  readonly above: string;
}

/** The fenced blocks of `text`, in their order. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  const fence = /^```(\S*)([^\n]*)\n(.*?)^```$/gms;
  return [...text.matchAll(fence)].map(
    ({ index, 1: language = '', 2: more = '', 3: body = '' }) => ({
      language,
      file: /\bfile=(\S+)/.exec(more)?.[1],
      text: body,
      above: text.slice(0, index).trimEnd().split(/\n\n/).at(-1) ?? '',
    }),
  );
}

/** The part of `text` under the heading `title`, up to the next heading of its level. Throws where there is none. */
export function section(text: string, title: string): string {
  const [, after] = text.split(`\n## ${title}\n`);
  if (after === undefined) throw new Error(`There is no section "${title}".`);
  return after.split('\n## ')[0] ?? '';
}

/** The cells of the table's row `line`, trimmed. Splits at bars that are not escaped. */
export const cells = (line: string): readonly string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
