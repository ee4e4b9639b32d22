/**
 * What a database's URL says about login and TLS and that the client (postgres 3.4.9) does
 * not know: `passfile`, as for libpq, leads to the password; sql-tls.ts has the others.
 */
import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { type SqlTls, tlsOf, tlsParameters } from './sql-tls.ts';

/** The URL without what the client does not know, and that as the client's options. */
export interface SqlAccess {
  readonly url: string;
  readonly password?: () => string;
  /** For connections to the host that `host` names when each is made. */
  readonly ssl?: (host: () => string) => SqlTls;
}

/**
 * Reads the URL. The passfile is read now, and again at each login: a new password needs no
 * restart. While it is missing or has no fitting line, the last password counts. Throws an
 * Error that names the file if it gives no password now, and as `tlsOf` does.
 */
export function sqlAccess(url: string): SqlAccess {
  const address = URL.parse(url);
  if (!address) return { url };
  const { searchParams } = address;
  const ssl = tlsOf(searchParams);
  const path = searchParams.get('passfile');
  if (!path && ssl === undefined) return { url };
  for (const name of ['passfile', ...tlsParameters]) searchParams.delete(name);
  return {
    url: address.href,
    ...(path && { password: passwordFrom(path, address) }),
    ...(ssl !== undefined && { ssl }),
  };
}

function passwordFrom(path: string, address: URL): () => string {
  let password = passwordIn(readFileSync(path, 'utf8'), address);
  if (password === undefined) {
    throw new Error(`${path} has no password for ${address.username} at ${address.host}`);
  }
  return () => {
    try {
      password = passwordIn(readFileSync(path, 'utf8'), address) ?? password;
    } catch {
      // It is being replaced, perhaps.
    }
    return password ?? '';
  };
}

/** A client for this URL, as `postgres` makes it. The caller ends it. */
export function openSql(url: string, options: postgres.Options<never> = {}): postgres.Sql {
  const { url: plain, password, ssl } = sqlAccess(url);
  const { hostname } = URL.parse(plain) ?? { hostname: '' };
  return postgres(plain, {
    ...(password && { password }),
    ...(ssl && { ssl: ssl(() => hostname) }),
    ...options,
  }) as postgres.Sql;
}

/** The password of the first line `host:port:database:user:password` that fits; `*` fits all. */
function passwordIn(text: string, { hostname, port, pathname, username }: URL): string | undefined {
  const wanted = [hostname, port || '5432', pathname.slice(1), username].map(decodeURIComponent);
  for (const line of text.split(/\r?\n/)) {
    const fields = line.split(/(?<!\\):/).map((field) => field.replace(/\\(.)/g, '$1'));
    const [password] = fields.slice(wanted.length);
    if (fields.length !== wanted.length + 1 || !password) continue;
    if (wanted.every((value, at) => fields[at] === '*' || fields[at] === value)) return password;
  }
  return undefined;
}
