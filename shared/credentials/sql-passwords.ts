/** The passwords of the database's roles, each in a file of its own. */
import { BOOTSTRAPPER, OPERATOR, rolesOf, sqlRights } from '../contracts/rights/sql.ts';
import { type CredentialsFolder, randomSecret } from './credentials-folder.ts';

/** All roles that there are, but for those of further databases. */
export const sqlRoles = (): readonly string[] => [
  ...new Set([BOOTSTRAPPER, OPERATOR, ...rolesOf(...Object.values(sqlRights))]),
];

/** Where the password of `role` lies within the folder: a passfile, as libpq reads it. */
export const passfile = (role: string): readonly [string, string] => ['sql', `${role}.pgpass`];

/** The path of the password of `role`, which is made where it is missing. It is for servers at `host` alone. */
export const makePassword = (credentials: CredentialsFolder, role: string, host: string): string =>
  credentials.once(passfile(role), () => `${host}:*:*:${role}:${randomSecret()}\n`);
