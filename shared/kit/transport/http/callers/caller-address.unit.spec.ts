import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { callerAddress } from './caller-address.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage;

describe('the address of a caller', () => {
  it('is the connection’s, whatever the caller claims, where no proxy is trusted', () => {
    assert.equal(callerAddress(request('10.0.0.1', '1.2.3.4')), '10.0.0.1');
  });

  it('is what the outermost of our proxies saw, and nothing before it', () => {
    const header = '6.6.6.6, 9.9.9.9, 10.0.0.2';
    assert.equal(callerAddress(request('10.0.0.1', header), 1), '10.0.0.2');
    assert.equal(callerAddress(request('10.0.0.1', header), 2), '9.9.9.9');
    assert.equal(callerAddress(request('10.0.0.1', header), 3), '6.6.6.6');
  });

  it('is the connection’s where a proxy said nothing, or nothing that is an address', () => {
    for (const header of [undefined, '', 'unknown', '9.9.9.9, <script>', ', ']) {
      assert.equal(callerAddress(request('10.0.0.1', header), 1), '10.0.0.1', header);
    }
    assert.equal(callerAddress(request('10.0.0.1', '9.9.9.9'), 2), '10.0.0.1');
  });

  it('is of IPv6 the network, which one caller has all of', () => {
    const network = '2001:db8:0:7::/64';
    for (const address of [
      '2001:db8:0:7::1',
      '2001:DB8:0:7:ffff:ffff:ffff:ffff',
      '2001:0db8:0000:0007:0:0:0:2',
      '2001:db8:0:7::9%eth0',
    ]) {
      assert.equal(callerAddress(request(address)), network);
    }
    assert.equal(callerAddress(request('::1')), '0:0:0:0::/64');
    assert.notEqual(callerAddress(request('2001:db8:0:8::1')), network);
  });

  it('is of IPv4 inside IPv6 that of IPv4', () => {
    assert.equal(callerAddress(request('::ffff:10.0.0.1')), '10.0.0.1');
  });
});
