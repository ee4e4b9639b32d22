import assert from 'node:assert/strict';
import { modeOf } from './mode.ts';

describe('the mode of a service', () => {
  const own = ['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'];
  for (const address of [...own, '::ffff:127.0.0.1', '::ffff:7f00:1', ' 127.0.0.1\t']) {
    it(`is local on ${JSON.stringify(address)}, which is loopback`, () => {
      assert.equal(modeOf(address), 'local');
    });
  }

  const others = ['0.0.0.0', '0.0.0.0 ', '::', '::ffff:0.0.0.0', '10.0.0.1', '128.0.0.1', '::2'];
  const notParsed = ['', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', 'example.org'];
  const lookAlike = ['127.0.0.1.example.org', 'localhost.example.org', '::127.0.0.1'];
  for (const address of [...others, ...notParsed, ...lookAlike]) {
    it(`is strict on ${JSON.stringify(address)}`, () => assert.equal(modeOf(address), 'strict'));
  }
});
