/** Addresses that say who logs in and in which file the secret lies. No client is loaded for it. */

/** The URL of a database as this user, whose password lies in the passfile `path`. */
export const withLogin = (url: string, user: string, path: string): string =>
  withFile(url, user, 'passfile', path);

/** The address of NATS as this user, whose key lies in the file `path`; see `natsConnectionOptions`. */
export const withNkey = (url: string, user: string, path: string): string =>
  withFile(url, user, 'nkey', path);

function withFile(url: string, user: string, parameter: string, path: string): string {
  const address = Object.assign(new URL(url), { username: user, password: '' });
  address.searchParams.set(parameter, path);
  // A query may hold slashes, and people read them.
  return address.href.replaceAll('%2F', '/');
}
