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
