import assert from 'node:assert/strict';
import { ConfigError } from '../../shared/kit/process/config.ts';
import { readConfig } from './config.ts';

describe('the configuration of ordersvc', () => {
  it('needs nothing to be set', () => {
    const config = readConfig({});
    assert.equal(config.httpPort, 3000);
    assert.equal(config.adminPort, 9101);
    assert.equal(config.bindAddress, '127.0.0.1');
    assert.equal(config.currency.code, 'USD');
    assert.equal(config.rateLimitPerSecond, 0);
  });

  it('where other machines call, one line says what it needs to know them', () => {
    const open = { BIND_ADDRESS: '0.0.0.0' };
    assert.throws(
      () => readConfig(open),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.problems.length, 1);
        for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'IDEMPOTENCY_KEY']) {
          assert.match(error.message, new RegExp(name));
        }
        return true;
      },
    );
    const known = {
      AUTH_ISSUER: 'https://issuer.example',
      AUTH_AUDIENCE: 'orders',
      AUTH_JWKS_URL: 'https://issuer.example/jwks',
      IDEMPOTENCY_KEY: 'secret of tests',
      TLS_CA_FILE: '/etc/tls/ca.crt',
      TLS_CERT_FILE: '/etc/tls/ordersvc.crt',
      TLS_KEY_FILE: '/etc/tls/ordersvc.key',
    };
    assert.equal(readConfig({ ...open, ...known }).mode, 'strict');
  });

  it('seals texts about customers unless only this machine can reach it, or as it is told', () => {
    const open = { BIND_ADDRESS: '0.0.0.0', ALLOW_INSECURE: 'true' };
    assert.equal(readConfig({}).personal.data, 'plain');
    assert.equal(readConfig(open).personal.data, 'sealed');
    assert.equal(readConfig({ PERSONAL_DATA: 'sealed' }).personal.data, 'sealed');
    assert.equal(readConfig({ ...open, PERSONAL_DATA: 'plain' }).personal.data, 'plain');
    assert.throws(() => readConfig({ PERSONAL_DATA: 'seald' }), /PERSONAL_DATA is "seald"/);
  });

  it('knows the decimals of its currency', () => {
    assert.equal(readConfig({ CURRENCY: 'JPY' }).currency.decimals, 0);
  });

  it('says every problem at once', () => {
    const env = { HTTP_PORT: 'http', CURRENCY: 'dollars', ORDERS_DATABASE_URL: 'mysql://x' };
    assert.throws(
      () => readConfig(env),
      (error) => {
        assert.ok(error instanceof ConfigError);
        for (const name of Object.keys(env)) assert.match(error.message, new RegExp(name));
        return true;
      },
    );
  });
});
