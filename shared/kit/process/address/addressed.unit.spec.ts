import assert from 'node:assert/strict';
import { isAddressed } from './addressed.ts';

describe('a request to a port of operators', () => {
  for (const host of ['127.0.0.1:9100', 'localhost:9100', 'LOCALHOST', '[::1]:9100', undefined]) {
    it(`with the Host ${host} is meant for it`, () => {
      assert.equal(isAddressed(host, '127.0.0.1'), true);
    });
  }

  for (const host of ['evil.example:9100', 'localhost.evil.example', 'a b', '', 'eventstoresvc']) {
    it(`with the Host ${JSON.stringify(host)} is not, on loopback`, () => {
      assert.equal(isAddressed(host, '127.0.0.1'), false);
    });
  }

  it('may name a container where other machines reach it, and no page', () => {
    assert.equal(isAddressed('eventstoresvc:9100', '0.0.0.0'), true);
    assert.equal(isAddressed('evil.example:9100', '0.0.0.0'), false);
  });
});
