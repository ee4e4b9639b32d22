import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { sqlAccess } from '../../shared/kit/sql/sql-access.ts';

/**
 * Makes a database of this name, with these statements, on the server of another database.
 * Resolves with its address.
 */
export async function makeDatabase(
  serverUrl: string,
  name: string,
  schemaFile: string,
): Promise<string> {
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const schema = await readFile(schemaFile, 'utf8');
  for (const [at, statements] of [
    [serverUrl, `create database ${name}`],
    [url, schema],
  ] as const) {
    const sql = postgres(at, { max: 1, onnotice: () => undefined });
    await sql.unsafe(statements).finally(() => sql.end({ timeout: 5 }));
  }
  return url;
}

/** The URL with the password from its passfile in it: the peers' clients know no passfiles. */
export function withPassword(url: string): string {
  const access = sqlAccess(url);
  return Object.assign(new URL(access.url), { password: access.password?.() ?? '' }).href;
}
