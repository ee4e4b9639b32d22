import assert from 'node:assert/strict';
import { headersIn, withoutLogin } from './credentials.ts';

describe('the credentials for a protected Zipkin', () => {
  it('in its address become a header, and the address that is logged has none', () => {
    const { url, headers } = withoutLogin('https://me:p%40ss@zipkin.example/api/v2/spans');
    assert.equal(url, 'https://zipkin.example/api/v2/spans');
    assert.deepEqual(headers, { authorization: `Basic ${btoa('me:p@ss')}` });
  });

  it('can be a token in the place of the user', () => {
    const { url, headers } = withoutLogin('http://token@zipkin:9411/api/v2/spans');
    assert.equal(url, 'http://zipkin:9411/api/v2/spans');
    assert.deepEqual(headers, { authorization: `Basic ${btoa('token:')}` });
  });

  it('are not made up where there are none', () => {
    assert.deepEqual(withoutLogin('http://127.0.0.1:9411/api/v2/spans').headers, {});
  });

  it('in headers are read as OpenTelemetry writes them', () => {
    assert.deepEqual(headersIn('Authorization=Bearer%20a=b, x-tenant=7'), {
      authorization: 'Bearer a=b',
      'x-tenant': '7',
    });
    assert.deepEqual(headersIn(''), {});
  });

  for (const wrong of ['authorization', 'a b=c', 'x=%zz', 'x=a%0D%0Ay: z']) {
    it(`${JSON.stringify(wrong)} is no list of headers`, () => {
      assert.equal(headersIn(wrong), undefined);
    });
  }
});
