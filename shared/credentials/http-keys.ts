/** What ordersvc checks callers with: the key that local tokens are signed with, and the one of order ids. */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { type CredentialsFolder, randomSecret } from './credentials-folder.ts';
import { ALGORITHM, LOCAL_AUDIENCE, LOCAL_ISSUER, signingKey } from './local-token.ts';

/** Where the public key lies that tokens are checked with, and the key of order ids. */
export const keySetFile = ['http', 'jwks.json'] as const;
export const idKeyFile = ['http', 'idempotency.key'] as const;
const EARLIER_IDS = ['http', 'earlier-ids'] as const;

/**
 * Makes what is missing.
 *
 * @param used whether there may be orders from before the key of order ids; counts when it is made
 */
export function makeHttpKeys(folder: CredentialsFolder, used: boolean): void {
  folder.once(signingKey, () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = privateKey.export({ format: 'jwk' });
    const kid = createHash('sha256')
      .update(JSON.stringify([jwk.x, jwk.y]))
      .digest('base64url');
    return JSON.stringify({ ...jwk, kid: kid.slice(0, 16), alg: ALGORITHM, use: 'sig' });
  });
  folder.once(keySetFile, () => {
    const { kid, alg, use, ...key } = JSON.parse(folder.read(...signingKey)) as JWK;
    const shown = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' });
    return JSON.stringify({ keys: [{ ...shown, kid, alg, use }] });
  });
  folder.once(idKeyFile, randomSecret);
  folder.once(EARLIER_IDS, () => String(used));
}

const setIn =
  (env: NodeJS.ProcessEnv) =>
  (...names: readonly string[]) =>
    names.some((name) => env[name]?.trim());

/** The variables by which a service knows the tokens of callers. Those of an issuer of the user's own in `env` come first. */
function tokenVariables(folder: CredentialsFolder, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (setIn(env)('AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'AUTH_JWKS_FILE')) return {};
  return {
    AUTH_ISSUER: LOCAL_ISSUER,
    AUTH_AUDIENCE: LOCAL_AUDIENCE,
    AUTH_JWKS_FILE: folder.file(...keySetFile),
  };
}

/** The same with those by which ordersvc finds its key. */
export function httpVariables(
  folder: CredentialsFolder,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const set = setIn(env);
  return {
    ...tokenVariables(folder, env),
    ...(!set('IDEMPOTENCY_KEY', 'IDEMPOTENCY_KEY_FILE') && {
      IDEMPOTENCY_KEY_FILE: folder.file(...idKeyFile),
      EARLIER_ORDER_IDS: folder.read(...EARLIER_IDS).trim(),
    }),
  };
}
