import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Refusal } from './refusal.ts';

const root = join(import.meta.dirname, '..');

/** Throws Refusal if a source is called `name` already: only the layers' files share names. */
export function mustBeNew(name: string): void {
  const twin = globSync('{services,shared,zipkin}/**/*.ts', { cwd: root }).find(
    (path) => basename(path) === name,
  );
  if (twin !== undefined) throw new Refusal(`${twin} has this name`, 'choose another');
}
