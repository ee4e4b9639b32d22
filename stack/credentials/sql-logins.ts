/** The roles of the stack's own database server, and where each finds its password. */
import { dirname, join } from 'node:path';
import { BOOTSTRAPPER, OPERATOR } from '../../shared/contracts/rights/sql.ts';
import type { CredentialsFolder } from '../../shared/credentials/credentials-folder.ts';
import { makePassword, sqlRoles } from '../../shared/credentials/sql-passwords.ts';
import { readSqlUrl } from '../../shared/kit/process/address/sql-url.ts';
import { withLogin } from '../../shared/kit/process/address/url-login.ts';
import { LOOPBACK } from '../ports.ts';

/** The folder of the passwords in a data folder: a passfile, as libpq reads it, for each role. */
const passfiles = (dataDir: string): string => join(dataDir, 'credentials', 'sql');

/** The address of a database on the server of the stack in `dataDir`, as `role`. Holds no password. */
export function loginUrl(dataDir: string, port: number, database: string, role: string): string {
  const path = join(passfiles(dataDir), `${role}.pgpass`);
  return withLogin(`postgres://${LOOPBACK}:${port}/${database}`, role, path);
}

/** `url`, an address that `loginUrl` made for the operator, as another role; any other as it is. */
export function loginAs(url: string, role: string): string {
  const address = readSqlUrl(url)?.url;
  const passfile = address?.searchParams.get('passfile');
  if (address?.username !== OPERATOR || !passfile?.endsWith(`/${OPERATOR}.pgpass`)) return url;
  return withLogin(url, role, join(dirname(passfile), `${role}.pgpass`));
}

/** The address as the role that owns the tables, for tests and the bench. */
export const asOwner = (url: string): string => loginAs(url, BOOTSTRAPPER);

/**
 * Makes the passwords that are missing, and returns their folder. A password is for this
 * machine's servers alone.
 */
export function makePasswords(
  credentials: CredentialsFolder,
  further: readonly string[] = [],
): string {
  for (const role of [...sqlRoles(), ...further]) makePassword(credentials, role, LOOPBACK);
  return credentials.file('sql');
}
