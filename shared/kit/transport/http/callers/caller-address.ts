import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Where a request comes from, for limits: with `trustedProxies` in front, the address that
 * the outermost of them saw, by `X-Forwarded-For`. What lies before it in that header is
 * the caller's own claim and counts for nothing; without proxies, so does the whole header.
 * Of an IPv6 address only the network counts (64 bits), of which one caller has every address.
 */
export function callerAddress({ headers, socket }: IncomingMessage, trustedProxies = 0): string {
  const direct = socket.remoteAddress ?? '';
  if (trustedProxies === 0) return network(direct);
  const header = headers['x-forwarded-for'] ?? '';
  const hops = (Array.isArray(header) ? header.join() : header).split(',');
  // The last proxy's own address is the connection's: the header has those before it.
  const seen = hops.at(-trustedProxies)?.trim() ?? '';
  // A proxy that says nothing, or something that is no address, is the caller itself.
  return network(isIP(seen) === 0 ? direct : seen);
}

function network(address: string): string {
  if (!address.includes(':')) return address;
  const [, inside] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (inside !== undefined) return inside;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
