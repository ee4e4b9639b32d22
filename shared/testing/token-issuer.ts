import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { silentLogger } from '../kit/logger.ts';
import { type BearerTokens, bearerTokens } from '../kit/transport/http/callers/bearer-tokens.ts';

/** Signs tokens, and publishes its keys. */
export interface TokenIssuer {
  /** What it publishes: JSON text. Rejects while it is away. */
  readonly load: () => Promise<string>;
  /** A token with these claims, valid for five minutes unless they say otherwise. */
  sign(claims: JWTPayload, options?: SignOptions): Promise<string>;
  /** Signs with a new key from now on. `publish` it, or callers cannot be checked. */
  rotate(): Promise<void>;
  /** Publishes all keys that it has signed with but the first `withdrawn`. */
  publish(withdrawn?: number): void;
  away(is: boolean): void;
  /** The key that it signs with, as a verifier has it. */
  publicKeyText(): Promise<string>;
  /** Checks its tokens, as a service does. */
  readonly tokens: BearerTokens;
  /** How often the keys were read. */
  readonly loads: () => number;
}

export interface SignOptions {
  readonly kid?: string;
}

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'parcels';

/** An issuer with one key, published. */
export async function tokenIssuer(): Promise<TokenIssuer> {
  type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
  const pairs: Pair[] = [];
  const jwks: object[] = [];
  let published: readonly object[] = [];
  let isAway = false;
  let loads = 0;

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    pairs.push(pair);
    jwks.push({ ...(await exportJWK(pair.publicKey)), kid: `k${pairs.length}`, alg: 'ES256' });
  }
  const current = (): Pair => pairs.at(-1) as Pair;
  const load = async () => {
    loads++;
    if (isAway) throw new Error('the issuer is away');
    return JSON.stringify({ keys: published });
  };
  await rotate();
  published = [...jwks];

  return {
    load,
    sign: (claims, { kid = `k${pairs.length}` } = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const all = { iss: ISSUER, aud: AUDIENCE, exp: now + 300, ...claims };
      return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid }).sign(current().privateKey);
    },
    rotate,
    publish: (withdrawn = 0) => {
      published = jwks.slice(withdrawn);
    },
    away: (is) => {
      isAway = is;
    },
    publicKeyText: () => exportSPKI(current().publicKey),
    loads: () => loads,
    tokens: bearerTokens({
      issuer: ISSUER,
      audience: AUDIENCE,
      rolesClaim: 'roles',
      skewSeconds: 30,
      keys: { load, restMs: 20 },
      logger: silentLogger,
    }),
  };
}
