import { isIP } from 'node:net';
import { isLoopback } from './loopback.ts';

/**
 * Whether a request with this `Host` was meant for a port of operators that listens on
 * `address`. A page in a browser can have its own name lead here (DNS rebinding), but not an
 * address or `localhost`; nor, where other machines reach the port, a name without a dot, as
 * containers have. HTTP/1.0 needs no `Host`, and no browser speaks it.
 */
export function isAddressed(host: string | undefined, address: string): boolean {
  if (host === undefined) return true;
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  if (isIP(name) !== 0 || isLoopback(name)) return true;
  return !isLoopback(address) && /^[a-z\d_-]+$/i.test(name);
}
