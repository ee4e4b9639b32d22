import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Say } from '../launch.ts';
import { type Patroni, startPatroni } from '../patroni/patroni.ts';
import { SetupProblem } from '../problem.ts';
import { databases } from '../services.ts';
import type { ChaosOptions } from './options.ts';

/** Three PostgreSQL servers under Patroni, in a folder of `dataDir`. Throws a `SetupProblem` where they cannot be had. */
export async function startCluster(
  dataDir: string,
  say: Say,
  signal: AbortSignal,
): Promise<Patroni> {
  const folder = join(dataDir, 'patroni');
  // PostgreSQL's user must be able to enter it when this runs as root.
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const started = await startPatroni({
    folder,
    onFetch: () => say('note', 'Patroni', 'fetching it and etcd, which takes a minute'),
    signal,
  });
  if (typeof started !== 'string') return started;
  throw new SetupProblem(
    `there is no Patroni: ${started}`,
    'it needs Python 3 with pip, which reaches PyPI, and apt with the package etcd-server; or use SQL=embedded',
  );
}

/** Where the stack finds its databases, for `own`; nothing where it has a server of its own. */
export function databasesOn(
  patroni: Patroni | undefined,
  { personalData }: Pick<ChaosOptions, 'personalData'>,
): NodeJS.ProcessEnv {
  if (patroni === undefined) return {};
  const used = Object.entries(databases).filter(
    ([variable]) => variable !== 'PERSONAL_DATABASE_URL' || personalData === 'sealed',
  );
  return Object.fromEntries(used.map(([variable, name]) => [variable, patroni.url(name)]));
}
