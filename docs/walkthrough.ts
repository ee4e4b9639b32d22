/** Does what a walkthrough tells its reader to do, in a copy of the project. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type CodeBlock, root } from './markdown.ts';

/** Copies the project into the empty folder `to`. Packages and fetched tools are the project's own, by links. */
export function copyProject(to: string): void {
  const left = ['node_modules', '.data', '.tools', '.git'];
  cpSync(root, to, {
    recursive: true,
    filter: (source) => !left.includes(basename(source)),
  });
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
  mkdirSync(join(root, '.tools'), { recursive: true });
  symlinkSync(join(root, '.tools'), join(to, '.tools'));
}

/**
 * Writes `block` into the project at `folder`: a `diff` changes its file, any
 * other block is a whole new file. Throws where a diff does not fit.
 */
export function writeBlock(folder: string, block: CodeBlock & { readonly file: string }): void {
  const path = join(folder, block.file);
  if (block.language === 'diff') {
    writeFileSync(path, changed(block.file, readFileSync(path, 'utf8'), block.text));
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text, { flag: 'wx' });
}

/**
 * `text` after `diff`, whose parts are told apart by lines that begin with `@@`.
 * There are no line numbers, which would be wrong after the next commit: the
 * lines that a part keeps or takes away must stand in `text` exactly once.
 */
function changed(file: string, text: string, diff: string): string {
  const parts = diff.split(/^@@.*\n/m).filter((part) => part !== '');
  return parts.reduce((now, part) => {
    const lines = part.split(/(?<=\n)/);
    const side = (other: string) =>
      lines
        .filter((line) => !line.startsWith(other))
        .map((line) => line.replace(/^[-+ ]/, ''))
        .join('');
    const [before, after] = [side('+'), side('-')];
    const found = now.split(before).length - 1;
    if (found !== 1) throw new Error(`${file} has ${found} times, and not once:\n${before}`);
    return now.replace(before, () => after);
  }, text);
}
