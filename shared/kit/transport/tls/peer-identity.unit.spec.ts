import assert from 'node:assert/strict';
import { identityOf } from './peer-identity.ts';

const of = (subjectAltName: string | undefined) => identityOf({ subjectAltName });

describe('the identity in a certificate', () => {
  it('is its SPIFFE name, whatever else it is called', () => {
    assert.equal(
      of('DNS:localhost, URI:spiffe://a.local/svc, IP Address:127.0.0.1'),
      'spiffe://a.local/svc',
    );
  });

  it('is nobody without one, or with two', () => {
    const two = 'URI:spiffe://a.local/one, URI:spiffe://a.local/two';
    for (const names of [undefined, '', 'DNS:localhost', 'URI:https://a.local/svc', two]) {
      assert.equal(of(names), undefined, names);
    }
    assert.equal(identityOf(undefined), undefined);
  });

  it('is not what a host name of several parts pretends', () => {
    assert.equal(of('DNS:"x, URI:spiffe://a.local/svc, y"'), undefined);
    for (const name of ['spiffe://a.local/', 'spiffe://a.local/svc?x', 'spiffe://A/svc']) {
      assert.equal(of(`URI:${name}`), undefined, name);
    }
  });
});
