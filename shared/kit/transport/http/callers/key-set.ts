import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { CodedError } from '../../../errors.ts';

/** The public keys that tokens are signed with, as their issuer publishes them (RFC 7517). */
export interface KeySet {
  /**
   * The key that a token names. A name that is not known yet is looked up once more before
   * it is refused with jose's `JWKSNoMatchingKey`, so that an issuer can start to use a new
   * key at any time. Rejects with `unavailable` (code `keys_unavailable`) while that cannot
   * be looked up.
   */
  key(header?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<CryptoKey>;
}

export interface KeySetOptions {
  /** Reads the set's JSON text from its place. */
  readonly load: () => Promise<string>;
  /** The set has changed: what was verified with it may hold no more. */
  readonly onChange?: () => void;
  /** Why it could not be read; the keys that were read before go on. */
  readonly onAway?: (error: unknown) => void;
  /** After this long the set is read again beside the next request, in milliseconds. Default 60,000. */
  readonly freshMs?: number;
  /** Between two reads, in milliseconds: unknown keys must not flood their issuer. Default 1,000. */
  readonly restMs?: number;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** Keeps the keys that were read last, for as long as their place is away. Reads nothing before it is asked. */
export function keySet(options: KeySetOptions): KeySet {
  const { load, onChange, onAway, freshMs = 60_000, restMs = 1_000 } = options;
  const { now = () => performance.now() } = options;
  let text: string | undefined;
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const wait = triedAt + restMs - now();
    if (wait > 0) await sleep(wait);
    triedAt = now();
    try {
      const found = await load();
      if (found === text) return;
      keys = createLocalJWKSet(JSON.parse(found) as JSONWebKeySet);
      text = found;
      onChange?.();
    } catch (cause) {
      onAway?.(cause);
      const message = 'The keys that tokens are signed with cannot be read at the moment.';
      throw new CodedError('unavailable', 'keys_unavailable', message, {
        cause,
        retryAfterMs: 1_000,
      });
    }
  }

  /** All who ask meanwhile share one reading. */
  const reread = () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    key: async (header, token) => {
      if (keys === undefined) await reread();
      else if (now() - triedAt >= freshMs) reread().catch(() => undefined);
      try {
        return await found(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
      await reread();
      return found(header, token);
    },
  };

  function found(header?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<CryptoKey> {
    if (keys === undefined) throw new errors.JWKSNoMatchingKey();
    return keys(header, token);
  }
}
