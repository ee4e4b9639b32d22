import assert from 'node:assert/strict';
import { z } from 'zod';
import { ConfigError, loadConfig, serviceSettings } from '../../../process/config.ts';
import { authConfig, authSettings } from './auth-settings.ts';

const schema = z.object({
  ...serviceSettings({ serviceName: 'parcelsvc', adminPort: 9101 }),
  ...authSettings(),
});
const read = (env: NodeJS.ProcessEnv) => authConfig(loadConfig(schema, env));
const complaint = (env: NodeJS.ProcessEnv): string => {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};
const whole = {
  AUTH_ISSUER: 'https://issuer.example',
  AUTH_AUDIENCE: 'parcels',
  AUTH_JWKS_URL: 'https://issuer.example/jwks',
};

describe('the settings of who calls over HTTP', () => {
  it('may all be left out on loopback: then no token is taken', () => {
    assert.equal(read({}).tokens, undefined);
  });

  it('where other machines call, one line says what is missing', () => {
    const tls = { TLS_CA_FILE: 'ca', TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' };
    const open = { BIND_ADDRESS: '0.0.0.0', ...tls };
    assert.match(
      complaint(open),
      /set AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL or AUTH_JWKS_FILE, or ALLOW_INSECURE=true/,
    );
    assert.equal(complaint({ ...open, ...whole }), '');
    assert.equal(complaint({ ...open, ALLOW_INSECURE: 'true' }), '');
    const { AUTH_JWKS_URL: _, ...file } = { ...whole, AUTH_JWKS_FILE: 'jwks.json' };
    assert.equal(complaint({ ...open, ...file }), '');
  });

  it('belong together, on loopback too', () => {
    for (const name of Object.keys(whole)) {
      const rest = Object.fromEntries(Object.entries(whole).filter(([other]) => other !== name));
      assert.match(complaint(rest), new RegExp(name), name);
    }
    assert.match(complaint({ ...whole, AUTH_JWKS_FILE: 'jwks.json' }), /set one of them/);
  });

  it('keys do not come over plain HTTP, but from this machine', () => {
    const at = (url: string) => complaint({ ...whole, AUTH_JWKS_URL: url });
    assert.match(at('http://issuer.example/jwks'), /must begin with https/);
    assert.match(at('ftp://issuer.example/jwks'), /must begin with https/);
    assert.equal(at('http://127.0.0.1:8080/jwks'), '');
  });
});
