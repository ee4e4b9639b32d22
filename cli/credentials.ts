import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..');

/**
 * The path of a credential that `make start` made, such as `sql`, `operator.pgpass`;
 * undefined if there is none. They lie in CREDENTIALS_DIR, or else where `make start` keeps its data.
 */
export function credential(...parts: readonly string[]): string | undefined {
  const { CREDENTIALS_DIR, STACK_DATA_DIR } = process.env;
  const folder =
    CREDENTIALS_DIR?.trim() ||
    join(STACK_DATA_DIR?.trim() || join(project, '.data'), 'credentials');
  const path = resolve(folder, ...parts);
  return existsSync(path) ? path : undefined;
}
