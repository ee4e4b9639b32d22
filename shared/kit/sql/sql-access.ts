/**
 * What a database's URL says about login and TLS and that the client (postgres 3.4.9) does
 * not know, or takes for something else: `passfile`, as for libpq, leads to the password;
 * several hosts, and `target_session_attrs`, are for sql-search.ts; sql-tls.ts has the others.
 */
import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { readSqlUrl, type SqlHost, sessionAttributes } from '../process/address/sql-url.ts';
import { type SqlHosts, sqlHosts } from './sql-hosts.ts';
import { sqlSearch } from './sql-search.ts';
import { type SqlTls, tlsOf, tlsParameters } from './sql-tls.ts';

/** The URL without what the client does not know, and that as the client's options. */
export interface SqlAccess {
  /** With the first host alone. */
  readonly url: string;
  /** At the first host, unless told which. */
  readonly password?: (at?: SqlHost) => string;
  /** For connections to the host that `host` names when each is made. */
  readonly ssl?: (host: () => string) => SqlTls;
  /** Where the client must be told which host is next; undefined where it finds its own. */
  readonly hosts?: SqlHosts;
}

/**
 * Reads the URL. The passfile is read now, and again at each login: a new password needs no
 * restart. While it is missing or has no fitting line, the last password counts. Throws an
 * Error that names the file if it gives no password for one of the hosts now, one for an
 * unknown `target_session_attrs`, and as `tlsOf` does.
 */
export function sqlAccess(url: string): SqlAccess {
  const read = readSqlUrl(url);
  if (read === undefined) return { url };
  const { url: address, hosts: all } = read;
  const { searchParams } = address;
  const ssl = tlsOf(searchParams);
  const path = searchParams.get('passfile');
  const wanted = searchParams.get('target_session_attrs') ?? 'any';
  const writable = Object.entries(sessionAttributes).find(([name]) => name === wanted)?.[1];
  if (writable === undefined) {
    const known = Object.keys(sessionAttributes).join(', ');
    throw new Error(`target_session_attrs is ${wanted}: it must be one of ${known}`);
  }
  const plain = !path && ssl === undefined && !searchParams.has('target_session_attrs');
  if (plain && all.length === 1) return { url };
  for (const name of ['passfile', 'target_session_attrs', ...tlsParameters]) {
    searchParams.delete(name);
  }
  return {
    url: address.href,
    ...(path && { password: passwordFrom(path, address, all) }),
    ...(ssl !== undefined && { ssl }),
    ...((all.length > 1 || writable) && { hosts: sqlHosts(all, writable) }),
  };
}

function passwordFrom(
  path: string,
  address: URL,
  hosts: readonly SqlHost[],
): (at?: SqlHost) => string {
  const [first = { host: '', port: 0 }] = hosts;
  const now = readFileSync(path, 'utf8');
  const passwords = new Map<string, string>();
  for (const at of hosts) {
    const password = passwordIn(now, at, address);
    if (password === undefined) {
      throw new Error(`${path} has no password for ${address.username} at ${named(at)}`);
    }
    passwords.set(named(at), password);
  }
  return (at = first) => {
    try {
      const found = passwordIn(readFileSync(path, 'utf8'), at, address);
      if (found !== undefined) passwords.set(named(at), found);
    } catch {
      // It is being replaced, perhaps.
    }
    return passwords.get(named(at)) ?? '';
  };
}

const named = ({ host, port }: SqlHost): string => (port === 5432 ? host : `${host}:${port}`);

/**
 * A client for this URL, as `postgres` makes it. The caller ends it. One that looks for the
 * right host has one connection, whatever `options` say.
 */
export function openSql(url: string, options: postgres.Options<never> = {}): postgres.Sql {
  const { url: plain, password, ssl, hosts } = sqlAccess(url);
  const { hostname } = URL.parse(plain) ?? { hostname: '' };
  const search = hosts && sqlSearch(hosts);
  return postgres(plain, {
    ...(password && { password: () => password(search?.host()) }),
    ...(ssl && { ssl: ssl(() => search?.host().host ?? hostname) }),
    ...options,
    ...(search && { max: 1, fetch_types: false, ...(search.options as object) }),
  }) as postgres.Sql;
}

/** The password of the first line `host:port:database:user:password` that fits; `*` fits all. */
function passwordIn(
  text: string,
  { host, port }: SqlHost,
  { pathname, username }: URL,
): string | undefined {
  const login = [pathname.slice(1), username].map(decodeURIComponent);
  const wanted = [host, String(port), ...login];
  for (const line of text.split(/\r?\n/)) {
    const fields = line.split(/(?<!\\):/).map((field) => field.replace(/\\(.)/g, '$1'));
    const [password] = fields.slice(wanted.length);
    if (fields.length !== wanted.length + 1 || !password) continue;
    if (wanted.every((value, at) => fields[at] === '*' || fields[at] === value)) return password;
  }
  return undefined;
}
