import { chmod, mkdtemp, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { asProblem, SetupProblem } from './problem.ts';

// Not /var/tmp: there the system removes files that nobody has touched for a month.
const PLACE = '/var/lib';

/**
 * Where a folder really lies that PostgreSQL's own user must enter and cannot, because
 * the project was cloned into a home that only root may enter: in a folder under
 * `place`, made at the first call, that a symbolic link in the folder's place points to.
 * To remove the data, follow the link, as `make clean` does. Leaves nothing behind
 * when it throws, which is a `SetupProblem`: also where the link leads nowhere, since an
 * empty cluster in the place of one that is only not mounted would look like lost data.
 */
export async function placeElsewhere(folder: string, place = PLACE): Promise<string> {
  const link = await readlink(folder).catch(() => undefined);
  if (link !== undefined) return linked(folder, resolve(dirname(folder), link));
  let home: string | undefined;
  try {
    home = await mkdtemp(join(place, 'orders-'));
    await chmod(home, 0o755);
    const target = join(home, 'postgres');
    await symlink(target, folder);
    return target;
  } catch (cause) {
    if (home !== undefined) await rm(home, { recursive: true, force: true });
    const isFolder = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const why = isFolder
      ? 'there is a folder already'
      : (asProblem(cause)?.message ?? (cause as Error).message);
    throw new SetupProblem(
      `PostgreSQL's user may not enter ${folder}, and no other folder works (${why})`,
      isFolder
        ? 'move the data to a folder that every user may enter, such as /srv/orders, and set STACK_DATA_DIR to that'
        : 'set STACK_DATA_DIR to a folder that every user may enter, such as /srv/orders',
      { cause },
    );
  }
}

/** The cluster itself need not be there yet, but what it lies in must. */
async function linked(folder: string, target: string): Promise<string> {
  const there = (await stat(dirname(target)).catch(() => undefined))?.isDirectory() ?? false;
  if (there) return target;
  throw new SetupProblem(
    `${folder} points to ${target}, and there is no folder ${dirname(target)}`,
    `restore it, or remove ${folder} to start without data`,
  );
}
