import assert from 'node:assert/strict';
import { natsConnectionOptions } from './nats-connection.ts';

describe('natsConnectionOptions', () => {
  const read = (url: string) => {
    const { servers, ...rest } = natsConnectionOptions(url, 'spec');
    const login = Object.entries(rest).filter(([key]) => /^(user|pass|token|tls)$/.test(key));
    return { servers, ...Object.fromEntries(login) };
  };

  it('takes several addresses, a login or a token, and TLS out of the URL', () => {
    assert.deepEqual(read('nats://a:1, nats://b:2'), { servers: ['a:1', 'b:2'] });
    assert.deepEqual(read('nats://me:s%40cret@a:1'), {
      servers: ['a:1'],
      user: 'me',
      pass: 's@cret',
    });
    assert.deepEqual(read('tls://token@a:1'), { servers: ['a:1'], token: 'token', tls: {} });
  });
});
