import type { Principal } from '../../../principal.ts';

/** What a token was found to say, and until when it holds. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** On the clock of `now`, in milliseconds. */
  readonly untilMs: number;
}

export interface VerifiedTokens {
  /** The principal of a token that was kept and still holds. */
  get(token: string): Principal | undefined;
  keep(token: string, verified: VerifiedToken): void;
  /** Forgets all: a key may have been withdrawn. */
  clear(): void;
}

/**
 * Tokens that were verified, so that a caller's next request costs no signature: at most
 * `most`, of which the one that was not used for longest makes room.
 */
export function verifiedTokens(most: number, now: () => number): VerifiedTokens {
  const kept = new Map<string, VerifiedToken>();
  return {
    get: (token) => {
      const found = kept.get(token);
      if (found === undefined) return undefined;
      kept.delete(token);
      if (now() >= found.untilMs) return undefined;
      kept.set(token, found);
      return found.principal;
    },
    keep: (token, verified) => {
      kept.set(token, verified);
      const [oldest] = kept.size > most ? kept.keys() : [];
      if (oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
