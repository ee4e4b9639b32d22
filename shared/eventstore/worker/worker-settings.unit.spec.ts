import assert from 'node:assert/strict';
import { z } from 'zod';
import { loadConfig } from '../../kit/process/config.ts';
import { workerConfig, workerSettings } from './worker-settings.ts';

const schema = z.object(workerSettings({ serviceName: 'worker', adminPort: 9102 }));
const read = (env: NodeJS.ProcessEnv) => workerConfig(loadConfig(schema, env));

describe('worker settings', () => {
  it('has a default for everything', () => {
    const config = read({});
    assert.equal(config.natsUrl, 'nats://127.0.0.1:4222');
    assert.equal(config.currency.code, 'USD');
    assert.deepEqual(config.consumer.retryDelaysMs, [100, 500, 2_000, 10_000, 30_000]);
  });

  it('reads several NATS servers, delays, and the currency with its decimals', () => {
    const config = read({
      NATS_URL: 'nats://a:4222,nats://b:4222',
      RETRY_DELAYS_MS: '10, 20',
      CURRENCY: 'JPY',
    });
    assert.equal(config.natsUrl, 'nats://a:4222,nats://b:4222');
    assert.deepEqual(config.consumer.retryDelaysMs, [10, 20]);
    assert.deepEqual(config.currency, { code: 'JPY', decimals: 0 });
  });

  it('reports every problem at once', () => {
    for (const name of ['NATS_URL', 'RETRY_DELAYS_MS', 'CURRENCY']) {
      assert.throws(
        () => read({ NATS_URL: 'http://a', RETRY_DELAYS_MS: '10,soon', CURRENCY: 'SHELLS' }),
        new RegExp(name),
      );
    }
  });
});
