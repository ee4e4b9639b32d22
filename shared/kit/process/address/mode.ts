import { isLoopback } from './loopback.ts';

/**
 * Who can reach a service decides how much it asks of its callers. `local`: programs of this
 * machine, with credentials that the stack makes by itself. `strict`: everything else; it needs
 * credentials, or ALLOW_INSECURE.
 */
export type Mode = 'local' | 'strict';

/**
 * `local` if and only if this address is loopback once it is parsed, with IPv4 inside IPv6 too.
 * A name but `localhost`, and whatever is no address (`127.1`, `0x7f.1`), could mean anything
 * and is `strict`.
 */
export const modeOf = (bindAddress: string): Mode =>
  isLoopback(bindAddress.trim()) ? 'local' : 'strict';
