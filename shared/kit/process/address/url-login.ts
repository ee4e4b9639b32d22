/** Addresses that say who logs in and in which file the secret lies. No client is loaded for it. */
import { changedSqlUrl } from './sql-url.ts';

/** The URL of a database as this user, whose password lies in the passfile `path`. */
export const withLogin = (url: string, user: string, path: string): string =>
  readable(changedSqlUrl(url, (address) => logIn(address, user, 'passfile', path)));

/** The address of NATS as this user, whose key lies in the file `path`; see `natsConnectionOptions`. */
export function withNkey(url: string, user: string, path: string): string {
  const address = new URL(url);
  logIn(address, user, 'nkey', path);
  return readable(address.href);
}

function logIn(address: URL, user: string, parameter: string, path: string): void {
  Object.assign(address, { username: user, password: '' });
  address.searchParams.set(parameter, path);
}

/** A query may hold slashes, and people read them. */
const readable = (href: string): string => href.replaceAll('%2F', '/');
