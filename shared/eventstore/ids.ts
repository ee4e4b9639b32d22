import { createHmac, hash } from 'node:crypto';
import { v7 } from 'uuid';

/** Frozen: every derived id depends on it. */
const NAMESPACE = Buffer.from('b5c3d0de52d14f0f9a3e0c8b8f6f2a11', 'hex');

/** A new id, ordered by time so that indexes grow at one end. */
export const newId = (): string => v7();

/** The id for `parts`, always the same; other parts have another one, wherever they are split. */
export function idOf(...parts: readonly string[]): string {
  const name = JSON.stringify(parts);
  const bytes = Buffer.allocUnsafe(NAMESPACE.length + Buffer.byteLength(name));
  bytes.set(NAMESPACE);
  bytes.write(name, NAMESPACE.length);
  // UUID version 5 (RFC 9562, 5.5). The package takes three times as long, and each event needs one.
  const digest = hash('sha1', bytes, 'hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

/**
 * The id of what `handler` makes of the event `causeId` for `purpose`: the same every
 * time, so that a repeated answer is one answer. All three are frozen names: after a
 * rename, answers already given would be given again.
 */
export const derivedId = (handler: string, causeId: string, purpose: string): string =>
  idOf(handler, causeId, purpose);

/** As `idOf`, but only who has the secret can compute it (HMAC, SHA-256). */
export function secretIdOf(secret: string, ...parts: readonly string[]): string {
  const bytes = createHmac('sha256', secret).update(JSON.stringify(parts)).digest();
  // UUID version 8 (RFC 9562, 5.8): made in a way of our own.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return [0, 8, 12, 16, 20].map((from, n, all) => hex.slice(from, all[n + 1] ?? 32)).join('-');
}
