import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Refusal } from './refusal.ts';

/** A file as it is to be. */
export interface Change {
  /** From the root of the project. */
  readonly path: string;
  readonly change: 'new' | 'changed';
  readonly text: string;
}

/** The index in a text where something belongs; undefined if the text has no such place, or several. */
export type Place = (text: string) => number | undefined;

/** Changes of a project, in memory until `write`. Every method but that throws Refusal. */
export interface Draft {
  /** The file as changed so far; undefined if there is none. */
  text(path: string): string | undefined;
  /** Adds a file that does not exist. */
  create(path: string, text: string): void;
  /** Puts `text` into an existing file. `where` describes the place to people. */
  insert(path: string, where: string, place: Place, text: string): void;
  /** All changes, in the order in which they were asked for. */
  changes(): readonly Change[];
  /** Writes all files. */
  write(): void;
}

/** A draft for the project in the folder `root`. */
export function createDraft(root: string): Draft {
  const changed = new Map<string, Change>();
  const text = (path: string): string | undefined => {
    const full = join(root, path);
    return changed.get(path)?.text ?? (existsSync(full) ? readFileSync(full, 'utf8') : undefined);
  };
  return {
    text,
    create(path, content) {
      if (text(path) !== undefined) {
        throw new Refusal(`${path} exists already`, 'choose another name, or remove it');
      }
      changed.set(path, { path, change: 'new', text: content });
    },
    insert(path, where, place, addition) {
      const before = text(path);
      const index = before === undefined ? undefined : place(before);
      if (before === undefined || index === undefined) {
        throw new Refusal(
          `${path} has no place that is known as ${where}`,
          'look at the generator, which expects the shape that this file had',
        );
      }
      const { change = 'changed' } = changed.get(path) ?? {};
      const after = before.slice(0, index) + addition + before.slice(index);
      changed.set(path, { path, change, text: after });
    },
    changes: () => [...changed.values()],
    write() {
      for (const { path, change, text: content } of changed.values()) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content, { flag: change === 'new' ? 'wx' : 'w' });
      }
    },
  };
}

/** Right before the first `end` after `begin`, which the text has once. */
export const endOf =
  (begin: string, end: string): Place =>
  (text) => {
    const after = only(text, begin);
    const index = after === undefined ? -1 : text.indexOf(end, after + begin.length);
    return index === -1 ? undefined : index;
  };

/** Right before `what`, which the text has once. */
export const before =
  (what: string): Place =>
  (text) =>
    only(text, what);

/** Right after `what`, which the text has once. */
export const after =
  (what: string): Place =>
  (text) => {
    const index = only(text, what);
    return index === undefined ? undefined : index + what.length;
  };

/** Right before the first line that begins with `what`. */
export const beforeFirst =
  (what: string): Place =>
  (text) => {
    const index = `\n${text}`.indexOf(`\n${what}`);
    return index === -1 ? undefined : index;
  };

/** Where `what` is in `text`; undefined unless exactly once. */
function only(text: string, what: string): number | undefined {
  const index = text.indexOf(what);
  return index === -1 || text.includes(what, index + 1) ? undefined : index;
}
