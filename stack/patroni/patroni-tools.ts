/** Patroni and etcd among the project's own tools, which needs neither root nor an installation. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { closedFolder, type ServerUser } from '../postgres-binaries.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

export interface PatroniTools {
  readonly python: string;
  /** Where Python finds Patroni's modules. */
  readonly modules: string;
  /** A whole PostgreSQL: Patroni needs more of its programs than our own server brings. */
  readonly postgresBin: string;
  readonly etcd: string;
}

/** Of one release of PostgreSQL with our own server. */
const PACKAGES = ['patroni[etcd3]==4.1.5', 'psycopg[binary]==3.3.9', 'embedded-postgres==18.6.3'];

// One in somebody's home is not for PostgreSQL's user.
const PYTHONS = ['/usr/bin/python3', 'python3'];

export interface PatroniToolsOptions {
  /** Where they are copied if the user may not enter the project's folder. */
  readonly folder: string;
  /** Told once if they must be fetched. */
  readonly onFetch?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Patroni from PyPI and etcd from Debian; a sentence where they cannot be had. `user` is who
 * runs them, and so must reach them. Rejects when the signal aborts.
 */
export async function patroniTools(
  user: ServerUser,
  { folder, onFetch, signal }: PatroniToolsOptions,
): Promise<PatroniTools | string> {
  const python = await pythonWithPip();
  if (python === undefined) return 'Patroni needs Python 3 with pip';
  try {
    const installed = await installOnce({
      target: join(toolsDir, 'patroni'),
      install: (into, options) => install(python, into, options),
      ...(onFetch && { onStart: onFetch }),
      signal,
    });
    const reachable = (await closedFolder(installed, user)) === undefined;
    const home = reachable ? installed : join(folder, 'patroni');
    if (!reachable) await cp(installed, home, { recursive: true, verbatimSymlinks: true });
    const modules = join(home, 'modules');
    return {
      python,
      modules,
      postgresBin: join(modules, 'embedded_postgres/pginstall/bin'),
      etcd: join(home, 'etcd/usr/bin/etcd'),
    };
  } catch (error) {
    signal?.throwIfAborted();
    return (error as Error).message;
  }
}

async function pythonWithPip(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    if ((await runTool(python, ['-m', 'pip', '--version'])).ok) return python;
  }
  return undefined;
}

const UNPACK =
  'mkdir "$1" && cd "$1" && apt-get download etcd-server && dpkg-deb -x etcd-server_*.deb .';

async function install(python: string, into: string, options: ToolOptions): Promise<string> {
  const home = join(into, 'patroni');
  const modules = ['--target', join(home, 'modules'), ...PACKAGES];
  const quietly = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  const patroni = await runTool(python, ['-m', 'pip', 'install', ...quietly, ...modules], options);
  if (!patroni.ok) throw new Error(`Patroni cannot be installed (${patroni.reason})`);
  const etcd = await runTool('sh', ['-c', UNPACK, 'sh', join(home, 'etcd')], options);
  if (!etcd.ok) throw new Error(`apt has no etcd (${etcd.reason})`);
  return home;
}
