import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../../errors.ts';
import { localPerson, type Principal, stranger } from '../../../principal.ts';
import type { BearerTokens } from './bearer-tokens.ts';
import { callerAddress } from './caller-address.ts';

export interface WhoCallsOptions {
  /** Checks the tokens that callers show. Undefined: none counts, and one that is shown is refused. */
  readonly tokens: BearerTokens | undefined;
  /** Whether somebody without a token is taken for a person of this machine, who may do everything. */
  readonly trusting: boolean;
  /** How many proxies of our own are in front; see callerAddress. */
  readonly trustedProxies: number;
}

/**
 * Who sent a request; at once where nothing has to be looked up. Rejects as
 * `BearerTokens.principalOf`: who shows a token is judged by it, wherever they call from.
 */
export type WhoCalls = (request: IncomingMessage) => Principal | Promise<Principal>;

export function whoCalls({ tokens, trusting, trustedProxies }: WhoCallsOptions): WhoCalls {
  return (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      const address = callerAddress(request, trustedProxies);
      return trusting ? localPerson(address) : stranger(address);
    }
    const [, token] = /^bearer +([\w\-.~+/]+=*) *$/i.exec(authorization) ?? [];
    if (token === undefined || tokens === undefined) {
      throw new CodedError(
        'unauthenticated',
        'token_invalid',
        tokens === undefined
          ? 'This service takes no tokens; leave out the header Authorization.'
          : 'The header Authorization must be Bearer and a token.',
      );
    }
    return tokens.principalOf(token);
  };
}

/** `who`, asked once for each request unless it throws: the check of a new token costs more than all else about it. */
export function askedOnce(who: WhoCalls): WhoCalls {
  const known = new WeakMap<IncomingMessage, Principal | Promise<Principal>>();
  return (request) => {
    const before = known.get(request);
    if (before !== undefined) return before;
    const principal = who(request);
    known.set(request, principal);
    return principal;
  };
}

/** What a refusal tells of how to identify oneself (RFC 6750, 3); undefined for other errors. */
export function challengeOf({ kind, code, message }: CodedError): string | undefined {
  if (kind !== 'unauthenticated') return undefined;
  if (code === 'token_missing') return 'Bearer';
  return `Bearer error="invalid_token", error_description="${message.replace(/[^\x20-\x7e]|["\\]/g, '')}"`;
}
