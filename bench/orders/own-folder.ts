import { chmod, mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Makes a folder for a stack's data under `parent`, by default the system's for such. */
export async function makeOwnFolder(parent: string | undefined): Promise<string> {
  const home = await mkdtemp(join(parent ?? tmpdir(), 'orders-bench-'));
  // PostgreSQL's user must be able to enter it when this runs as root.
  await chmod(home, 0o755);
  return home;
}

/** Removes it with all data of the stack, which has stopped. May be called twice. */
export async function removeOwnFolder(home: string): Promise<void> {
  // Where PostgreSQL's user may not enter the folder, its data lies behind a link.
  const elsewhere = await readlink(join(home, 'postgres')).catch(() => undefined);
  if (elsewhere !== undefined) await rm(dirname(elsewhere), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
