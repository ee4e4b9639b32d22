/**
 * The roles of the database server, and what each may do. Written so that PostgreSQL and
 * CockroachDB take it, and so that it may be repeated while services run: what is right
 * stays untouched.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';
import { type DatabaseRights, rolesOf } from '../../shared/contracts/rights/sql.ts';
import { changedSqlUrl, sqlUrl } from '../../shared/kit/process/address/sql-url.ts';
import { withLogin } from '../../shared/kit/process/address/url-login.ts';
import { sqlState } from '../../shared/kit/sql/database-errors.ts';
import { scramVerifier } from '../../shared/kit/sql/scram-verifier.ts';
import { openSql, sqlAccess } from '../../shared/kit/sql/sql-access.ts';

const ATTEMPTS = 20;
const RETRY_MS = 50;
/** Two bootstrappers met: both change one row of the catalogue, or both make one role. */
const MET = ['XX000', '23505', '42710', '40001'];

/**
 * Makes these roles, with the passwords that lie in `folder` as `<role>.pgpass`. A password
 * that has changed counts from here on. `url` is any database of the server, as a role that
 * may make roles. Rejects with what prevented it.
 */
export const prepareRoles = (
  url: string,
  folder: string,
  roles: readonly string[],
): Promise<void> =>
  asOwner(url, async (sql) => {
    const rows = await sql<{ name: string }[]>`select rolname as name from pg_catalog.pg_roles`;
    const there = new Set(rows.map(({ name }) => name));
    for (const role of roles) {
      if (!there.has(role)) await sql.unsafe(`create role ${quoted(role)} with login`);
      const verifier = scramVerifier(passwordOf(url, folder, role));
      await sql.unsafe(`alter role ${quoted(role)} with login password '${verifier}'`);
    }
  });

export interface GrantOptions {
  /** The database, as the role that owns its tables. */
  readonly url: string;
  readonly rights: DatabaseRights;
  /** Makes lost tables again, see `makesTables`. */
  readonly maker: string | undefined;
}

/** Grants what `rights` says and takes everything else away. The roles and the tables exist. */
export const grantRights = ({ url, rights, maker }: GrantOptions): Promise<void> =>
  asOwner(url, async (sql) => {
    const database = quoted(decodeURIComponent(sqlUrl(url).pathname.slice(1)));
    const roles = rolesOf(rights).map(quoted).join(', ');
    await sql.unsafe(`
      revoke all on database ${database} from public;
      revoke create on schema public from public;
      grant connect on database ${database} to ${roles}`);
    if (maker !== undefined) await letMake(sql, maker, rights);
    const changes = await missingOrWrong(sql, rights);
    // In one go, so that nobody is without a right in between.
    if (changes.length > 0) await sql.unsafe(changes.join(';\n'));
  });

/** Makes the database if it is missing, and `role` its owner and that of all that is in it. */
export const prepareOwnDatabase = (url: string, name: string, role: string): Promise<void> =>
  asOwner(url, async (sql) => {
    await sql.unsafe(`grant ${quoted(role)} to current_user`);
    const found = await sql`select 1 from pg_catalog.pg_database where datname = ${name}::text`;
    if (found.length === 0) await sql.unsafe(`create database ${quoted(name)}`);
    await sql.unsafe(`
      revoke all on database ${quoted(name)} from public;
      alter database ${quoted(name)} owner to ${quoted(role)}`);
    const inside = changedSqlUrl(url, (address) => {
      address.pathname = `/${name}`;
    });
    await asOwner(inside, (there) => takeTables(there, sql`current_user`, role));
  });

/** The table is whose it was until the next run; then the bootstrapper's, who migrates it. */
async function letMake(sql: postgres.Sql, maker: string, rights: DatabaseRights): Promise<void> {
  const role = quoted(maker);
  await sql.unsafe(`
    grant ${role} to current_user;
    grant create on schema public to ${role}`);
  await takeTables(sql, sql`${maker}::name`, 'current_user');
  for (const other of rolesOf(rights).filter((name) => name !== maker)) {
    const most = new Set(Object.values(rights).flatMap((table) => table[other] ?? []));
    await sql.unsafe(`
      alter default privileges for role ${role} in schema public
      grant ${[...most].join(', ')} on tables to ${quoted(other)}`);
  }
}

async function takeTables(sql: postgres.Sql, from: postgres.Fragment, to: string): Promise<void> {
  const rows = await sql<{ name: string }[]>`
    select tablename as name from pg_catalog.pg_tables
    where schemaname = 'public' and tableowner = ${from}`;
  const owner = to === 'current_user' ? to : quoted(to);
  for (const { name } of rows) {
    await sql.unsafe(`alter table ${quoted(name)} owner to ${owner}`);
  }
}

/** The statements that lead from the rights that there are to those that there should be. */
async function missingOrWrong(
  sql: postgres.Sql,
  rights: DatabaseRights,
): Promise<readonly string[]> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_catalog.pg_tables where schemaname = 'public'`;
  const granted = await sql<{ table: string; role: string; privilege: string }[]>`
    select table_name as table, grantee as role, lower(privilege_type) as privilege
    from information_schema.role_table_grants
    where table_schema = 'public' and grantee <> current_user`;
  const key = (...parts: readonly string[]) => parts.join(' ');
  const are = new Set(granted.map((one) => key(one.table, one.role, one.privilege)));
  const statements: string[] = [];
  const wanted = new Set<string>();
  for (const { name } of tables) {
    for (const [role, privileges] of Object.entries(rights[name] ?? {})) {
      for (const privilege of privileges) wanted.add(key(name, role, privilege));
      const missing = privileges.filter((privilege) => !are.has(key(name, role, privilege)));
      if (missing.length === 0) continue;
      statements.push(`grant ${missing.join(', ')} on ${quoted(name)} to ${quoted(role)}`);
    }
  }
  const ours = new Set([...rolesOf(rights), 'PUBLIC', 'public']);
  for (const { table, role, privilege } of granted) {
    if (!ours.has(role) || wanted.has(key(table, role, privilege))) continue;
    const from = role.toLowerCase() === 'public' ? 'public' : quoted(role);
    statements.push(`revoke ${privilege} on ${quoted(table)} from ${from}`);
  }
  return statements;
}

function passwordOf(url: string, folder: string, role: string): string {
  const login = withLogin(url, role, join(folder, `${role}.pgpass`));
  const { password } = sqlAccess(login);
  if (password === undefined) throw new Error(`There is no password for ${role}.`);
  return password();
}

async function asOwner(url: string, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = openSql(url, { max: 1, onnotice: () => undefined, connect_timeout: 5 });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(sql);
      } catch (error) {
        if (attempt === ATTEMPTS || !MET.includes(sqlState(error) ?? '')) throw error;
        await delay(RETRY_MS * Math.random() * attempt);
      }
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
