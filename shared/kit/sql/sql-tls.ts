/**
 * TLS as a database's URL asks for it: `sslmode`, `sslrootcert`, `sslcert` and `sslkey`, as
 * libpq and CockroachDB know them. The client (postgres 3.4.9) knows `sslmode` alone, and
 * compares the certificate of a server at an address with the name `localhost`.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** What the client takes as `ssl`. */
export type SqlTls = false | 'prefer' | object;

/** The parameters that are read here. */
export const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/**
 * The client's option for these parameters; undefined where no parameter says anything. It
 * is made for `host`, which names where each connection leads when it is made. Who names a certificate without
 * `sslmode` gets `verify-full`. The files are read now, and again for each connection, so
 * that renewed ones count without a restart. Throws the system's error where one cannot be
 * read now, and an Error for an unknown `sslmode`.
 */
export function tlsOf(parameters: URLSearchParams): ((host: () => string) => SqlTls) | undefined {
  const [given, root, cert, key] = tlsParameters.map((name) => parameters.get(name) || undefined);
  const mode = given ?? (root || cert ? 'verify-full' : undefined);
  switch (mode) {
    case undefined:
      return undefined;
    case 'disable':
      return () => false;
    case 'allow':
    case 'prefer':
      return () => 'prefer';
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      break;
    default:
      throw new Error(
        `sslmode is ${mode}: it must be disable, prefer, require, verify-ca or verify-full`,
      );
  }
  const files = Object.entries({ ca: root === 'system' ? undefined : root, cert, key });
  for (const [, path] of files) if (path !== undefined) readFileSync(path);
  return (host) => {
    const tls = {
      // With a CA, libpq checks the chain under `require`, too.
      rejectUnauthorized: mode !== 'require' || root !== undefined,
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        mode === 'verify-full' ? checkServerIdentity(bare(host()), certificate) : undefined,
    };
    for (const [name, path] of files) {
      if (path === undefined) continue;
      // The client copies the options for each connection.
      Object.defineProperty(tls, name, { enumerable: true, get: () => readFileSync(path) });
    }
    return tls;
  };
}

/** `[::1]` in a URL is `::1` in a certificate. */
const bare = (host: string): string => {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) === 0 ? host : address;
};
