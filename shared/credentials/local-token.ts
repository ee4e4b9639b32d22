/** Tokens of the issuer that the stack on this machine is. */
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';

/** Where the key lies that they are signed with, within the folder of the credentials. */
export const signingKey = ['http', 'signing-key.json'] as const;

export const LOCAL_ISSUER = 'urn:orders:local';
export const LOCAL_AUDIENCE = 'orders';
export const ALGORITHM = 'ES256';

/** A token that ordersvc takes for so many minutes. `key` is the content of the signing key. */
export async function localToken(
  key: string,
  claims: JWTPayload,
  minutes: number,
): Promise<string> {
  const jwk = JSON.parse(key) as JWK;
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, kid: jwk.kid ?? '', typ: 'JWT' })
    .setIssuer(LOCAL_ISSUER)
    .setAudience(LOCAL_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`)
    .sign(await importJWK(jwk, ALGORITHM));
}
