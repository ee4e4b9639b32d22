import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../kit/logger.ts';
import { bearerTokens, keysInFile } from '../kit/transport/http/callers/bearer-tokens.ts';
import { type CredentialsFolder, credentialsFolder } from './credentials-folder.ts';
import { httpVariables, makeHttpKeys } from './http-keys.ts';
import { localToken, signingKey } from './local-token.ts';

describe('the keys of HTTP that the stack makes', () => {
  let path: string;
  let folder: CredentialsFolder;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'http-keys-'));
    folder = credentialsFolder(path);
    makeHttpKeys(folder, false);
  });
  afterEach(() => rmSync(path, { recursive: true }));

  /** As ordersvc is told by its variables. */
  function checked(token: string) {
    const { AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_FILE } = httpVariables(folder, {});
    return bearerTokens({
      issuer: AUTH_ISSUER ?? '',
      audience: AUTH_AUDIENCE ?? '',
      rolesClaim: 'roles',
      skewSeconds: 0,
      keys: { load: keysInFile(AUTH_JWKS_FILE ?? '') },
      logger: silentLogger,
    }).principalOf(token);
  }

  it('sign tokens that ordersvc takes by what it is told', async () => {
    const token = await localToken(
      folder.read(...signingKey),
      { sub: 'ada', roles: ['customer'] },
      15,
    );
    const { subject, roles } = await checked(token);
    assert.deepEqual([subject, roles], ['ada', ['customer']]);
  });

  it('are made once: tokens outlive a restart', async () => {
    const token = await localToken(folder.read(...signingKey), { sub: 'ada' }, 15);
    makeHttpKeys(folder, true);
    assert.equal((await checked(token)).subject, 'ada');
    assert.equal(httpVariables(folder, {}).EARLIER_ORDER_IDS, 'false');
  });

  it('are secret but for what is published', () => {
    for (const name of ['signing-key.json', 'idempotency.key']) {
      assert.equal(statSync(folder.file('http', name)).mode & 0o077, 0, name);
    }
    const { keys } = JSON.parse(readFileSync(folder.file('http', 'jwks.json'), 'utf8'));
    assert.equal(keys.length, 1);
    assert.equal(keys[0].d, undefined);
  });

  it('give way to an issuer and a key of the user’s own', () => {
    const own = { AUTH_ISSUER: 'https://issuer.example', IDEMPOTENCY_KEY: 'own' };
    assert.deepEqual(httpVariables(folder, own), {});
  });

  it('of a stack that was used before know of earlier ids', () => {
    const other = credentialsFolder(join(path, 'used'));
    makeHttpKeys(other, true);
    assert.equal(httpVariables(other, {}).EARLIER_ORDER_IDS, 'true');
  });
});
