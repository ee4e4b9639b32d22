import assert from 'node:assert/strict';
import { environmentOf, sharedByMistake } from './own-environment.ts';

describe('the settings of services in one process', () => {
  it('are those of the process, in which a service’s own form wins', () => {
    const env = { NATS_URL: 'nats://a', POST_NATS_URL: 'nats://b', LOG_LEVEL: 'warn' };
    assert.equal(environmentOf('post', env).NATS_URL, 'nats://b');
    assert.equal(environmentOf('post', env).LOG_LEVEL, 'warn');
    assert.equal(environmentOf('van', env).NATS_URL, 'nats://a');
  });

  it('an own form that is empty is the default', () => {
    assert.equal(environmentOf('post', { LOG_LEVEL: 'warn', POST_LOG_LEVEL: '' }).LOG_LEVEL, '');
  });

  it('a name or an admin port that several would take is a mistake, said with what to set', () => {
    const env = { ADMIN_PORT: '9000', POST_ADMIN_PORT: '9001', OTEL_SERVICE_NAME: ' ' };
    assert.deepEqual(sharedByMistake(['post', 'van'], env), [
      'ADMIN_PORT is one for 2 services: set VAN_ADMIN_PORT instead',
    ]);
    assert.deepEqual(sharedByMistake(['post', 'van'], { ...env, VAN_ADMIN_PORT: '9002' }), []);
    assert.deepEqual(sharedByMistake(['post'], env), []);
  });
});
