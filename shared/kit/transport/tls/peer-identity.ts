import type { X509Certificate } from 'node:crypto';

/** A URI name as SPIFFE writes one: nothing in it needs quotes. */
const uriName = /^URI:(spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+)$/;

/**
 * Who a verified certificate names: its one SPIFFE URI, such as `spiffe://example.org/parcelsvc`.
 * Undefined if it has none, or several: nobody is two.
 */
export function identityOf(
  certificate: Pick<X509Certificate, 'subjectAltName'> | undefined,
): string | undefined {
  const names = certificate?.subjectAltName ?? '';
  // Node quotes a name that holds a comma, which could otherwise pass for two.
  if (names.includes('"')) return undefined;
  const found = names.split(', ').flatMap((name) => uriName.exec(name)?.[1] ?? []);
  return found.length === 1 ? found[0] : undefined;
}
