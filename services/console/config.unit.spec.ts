import assert from 'node:assert/strict';
import { ConfigError } from '../../shared/kit/process/config.ts';
import { readConfig } from './config.ts';

describe('the configuration of the console', () => {
  it('needs nothing to be set, and knows where make start puts the parts', () => {
    const config = readConfig({});
    assert.equal(config.httpPort, 3100);
    assert.equal(config.adminPort, 9106);
    assert.equal(config.parts.length, 6);
    assert.deepEqual(config.parts[0], { name: 'eventstoresvc', url: 'http://127.0.0.1:9100' });
    assert.equal(config.zipkinUrl, 'http://127.0.0.1:9411');
    assert.equal(config.rateLimitPerSecond, 0);
    assert.equal(config.audits.environmentFile, undefined);
  });

  it('parts and traces can be left out', () => {
    const { parts, zipkinUrl } = readConfig({ ADMIN_URLS: 'none', ZIPKIN_URL: 'none' });
    assert.deepEqual([parts, zipkinUrl], [[], undefined]);
  });

  it('a part without a name or an address is refused', () => {
    for (const wrong of ['http://127.0.0.1:9100', 'ordersvc', 'ordersvc=ftp://x']) {
      assert.throws(() => readConfig({ ADMIN_URLS: wrong }), ConfigError, wrong);
    }
  });

  it('where other machines call, it must know how to tell who they are', () => {
    assert.throws(() => readConfig({ BIND_ADDRESS: '0.0.0.0' }), /AUTH_ISSUER/);
  });
});
