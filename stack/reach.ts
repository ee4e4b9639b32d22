import { chmod, mkdtemp, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asProblem, SetupProblem } from './problem.ts';

// Not /var/tmp: there the system removes files that nobody has touched for a month.
const PLACE = '/var/lib';

/**
 * Where a folder really lies that PostgreSQL's own user must enter and cannot, because
 * the project was cloned into a home that only root may enter: in a folder under
 * /var/lib, made at the first call, that a symbolic link in the folder's place points to.
 * Whoever removes the data follows the link, as `make clean` does.
 */
export async function placeElsewhere(folder: string): Promise<string> {
  const existing = await readlink(folder).catch(() => undefined);
  if (existing !== undefined) return existing;
  try {
    const home = await mkdtemp(join(PLACE, 'orders-'));
    await chmod(home, 0o755);
    const target = join(home, 'postgres');
    await symlink(target, folder);
    return target;
  } catch (cause) {
    const why = asProblem(cause)?.message ?? (cause as Error).message;
    throw new SetupProblem(
      `PostgreSQL's user may not enter ${folder}, and no place was found for it (${why})`,
      'set STACK_DATA_DIR to a folder that every user may enter, such as /srv/orders',
      { cause },
    );
  }
}
