/**
 * Closes a cluster of PostgreSQL: nobody logs in without a password, and its superuser not at
 * all. What only the superuser may do is done here, while no server runs, by PostgreSQL's
 * own mode for one user: nothing listens then.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { scramVerifier } from '../../shared/kit/sql/scram-verifier.ts';
import type { ServerUser } from '../postgres-binaries.ts';

export interface ClosedClusterOptions {
  /** The program `postgres`. */
  readonly postgres: string;
  readonly dataDir: string;
  readonly user: ServerUser;
  readonly env: NodeJS.ProcessEnv;
  readonly superuser: string;
  /** The role that owns the databases and makes the other roles. */
  readonly owner: { readonly name: string; readonly password: string };
}

/** Of the statements below: a higher one has them run once more. */
const VERSION = 2;

/** In the cluster's folder: for which owner it was closed. */
const NOTE = 'closed-for';

/**
 * May be called at each start; it does something at the first one and when the password has
 * changed. A cluster of an earlier release keeps its data. Rejects with what PostgreSQL said.
 */
export async function closeCluster(options: ClosedClusterOptions): Promise<void> {
  const { dataDir, superuser, owner } = options;
  // Written into the file that is there, which belongs to the server's user.
  await writeFile(join(dataDir, 'pg_hba.conf'), accessRules(superuser));
  const wanted = createHash('sha256')
    .update([VERSION, owner.name, owner.password].join(' '))
    .digest('hex');
  const note = join(dataDir, NOTE);
  if ((await readFile(note, 'utf8').catch(() => '')) === wanted) return;
  const verifier = scramVerifier(owner.password);
  const found = await alone(options, 'postgres', [
    `do $$ begin
       if not exists (select from pg_roles where rolname = '${owner.name}') then
         create role ${owner.name};
       end if;
     end $$`,
    `alter role ${owner.name} with login createdb createrole nosuperuser password '${verifier}'`,
    `alter role ${superuser} with password null`,
    // For the bench, which reads figures of the server and begins each round on a clean one.
    `grant pg_monitor, pg_checkpoint to ${owner.name}`,
    'revoke all on database postgres, template1 from public',
    `grant connect on database postgres to ${owner.name}`,
    "select datname from pg_database where not datistemplate and datname <> 'postgres'",
  ]);
  for (const [, database = ''] of found.matchAll(/datname = "([^"]*)"/g)) {
    await alone(options, database, [
      `do $$ declare one record; begin
         execute format('alter database %I owner to ${owner.name}', current_database());
         for one in select oid::regclass as name from pg_class
                    where relkind in ('r', 'p', 'v', 'm') and oid >= 16384
                      and relowner = '${superuser}'::regrole loop
           execute format('alter table %s owner to ${owner.name}', one.name);
         end loop;
       end $$`,
    ]);
  }
  await writeFile(note, wanted, { mode: 0o600 });
}

/** Who may log in, and how. There is no socket but TCP on loopback. */
const accessRules = (superuser: string): string =>
  [
    '# The stack writes this at each start.',
    `host all ${superuser} all reject`,
    'host all all all scram-sha-256',
    '',
  ].join('\n');

/** Runs statements as the superuser, in a process that listens nowhere. Resolves with what it prints. */
async function alone(
  { postgres, dataDir, user, env }: ClosedClusterOptions,
  database: string,
  statements: readonly string[],
): Promise<string> {
  const child = spawn(postgres, ['--single', '-j', '-D', dataDir, database], {
    cwd: '/',
    env,
    ...user,
  });
  const said = [text(child.stdout), text(child.stderr), once(child, 'exit')] as const;
  child.stdin.on('error', () => undefined);
  child.stdin.end(statements.map((statement) => `${statement};\n\n`).join(''));
  const [output, errors, [code]] = await Promise.all(said);
  const wrong = errors.split('\n').find((line) => /\b(ERROR|FATAL|PANIC):/.test(line));
  if (wrong !== undefined || code !== 0) throw new Error(wrong ?? `exit code ${code}`);
  return output;
}
