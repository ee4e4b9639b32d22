import { readFile } from 'node:fs/promises';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { CodedError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { Principal } from '../../../principal.ts';
import { type KeySetOptions, keySet } from './key-set.ts';
import { type VerifiedTokens, verifiedTokens } from './verified-tokens.ts';

/** Which tokens count. */
export interface TokenRules {
  /** Their `iss`. */
  readonly issuer: string;
  /** Their `aud`, or one of several. */
  readonly audience: string;
  /** The claim that holds the roles: a list, or one. */
  readonly rolesClaim: string;
  /** How far the issuer's clock may be from ours, in seconds. */
  readonly skewSeconds: number;
}

export interface BearerTokensOptions extends TokenRules {
  readonly keys: KeySetOptions;
  readonly logger: Logger;
}

/** Checks tokens (RFC 7519) that callers show. */
export interface BearerTokens {
  /**
   * Who a token speaks for. It resolves at once for a token that was verified before, and
   * rejects with `unauthenticated` (code `token_expired` or `token_invalid`), and as KeySet does.
   */
  principalOf(token: string): Principal | Promise<Principal>;
}

/**
 * Signatures that can be made only by who has the private key. No HMAC: who may check those
 * may forge them, with a public key taken for the secret. And never `none`.
 */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Of so many callers the tokens are kept: about a kB each. */
const MOST_KEPT = 5_000;

/** Reads keys from a file. */
export const keysInFile = (path: string) => () => readFile(path, 'utf8');

/** For the issuer's answer, in milliseconds: a caller waits for it. */
const FETCH_MS = 3_000;

/** Reads keys from the issuer's address. Redirects are not followed: they could lead inside. */
export const keysAt = (url: string) => async (): Promise<string> => {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(FETCH_MS),
    redirect: 'error',
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
  return response.text();
};

export function bearerTokens(options: BearerTokensOptions): BearerTokens {
  const { issuer, audience, skewSeconds, logger } = options;
  const clock = () => Date.now();
  const verified: VerifiedTokens = verifiedTokens(MOST_KEPT, clock);
  const keys = keySet({
    ...options.keys,
    onChange: verified.clear,
    onAway: (err) => logger.warn({ err }, 'the keys of tokens cannot be read; known ones go on'),
  });
  const rules = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: skewSeconds,
    requiredClaims: ['sub', 'exp'],
  };

  async function verify(token: string): Promise<Principal> {
    try {
      const { payload } = await jwtVerify(token, keys.key, rules);
      const principal = principalIn(payload, options.rolesClaim);
      const untilMs = ((payload.exp ?? 0) + skewSeconds) * 1_000;
      verified.keep(token, { principal, untilMs });
      return principal;
    } catch (error) {
      throw error instanceof errors.JOSEError ? refusal(error) : error;
    }
  }

  return { principalOf: (token) => verified.get(token) ?? verify(token) };
}

function principalIn(payload: JWTPayload, rolesClaim: string): Principal {
  const { sub: subject = '' } = payload;
  const told = payload[rolesClaim];
  const roles = (Array.isArray(told) ? told : [told]).filter((role) => typeof role === 'string');
  if (subject === '') throw invalid('it names no subject');
  return { kind: 'known', subject, roles, claims: payload, share: `subject ${subject}` };
}

function refusal(error: errors.JOSEError): CodedError {
  if (error instanceof errors.JWTExpired) {
    const message = 'The token has expired; get a new one.';
    return new CodedError('unauthenticated', 'token_expired', message, { cause: error });
  }
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : undefined;
  return invalid(claim === undefined ? reasonOf(error) : `its claim ${claim} is wrong`, error);
}

/** In words of our own: jose's may name what the caller wrote. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not accepted';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is not one of the issuer’s';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it cannot be read';
}

const invalid = (why: string, cause?: unknown) =>
  new CodedError('unauthenticated', 'token_invalid', `The token does not count: ${why}.`, {
    cause,
  });
