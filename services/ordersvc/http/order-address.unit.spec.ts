import assert from 'node:assert/strict';
import { CodedError } from '../../../shared/kit/errors.ts';
import { MAX_VERSION, readOrderQuery } from './order-address.ts';

const read = (query: string, id = 'o1') =>
  readOrderQuery({ params: { id }, query: new URLSearchParams(query), headers: {} });
const refusedAs = (code: string) => (error: unknown) =>
  error instanceof CodedError && error.code === code;

describe('a query for one order', () => {
  it('names the order, and any version will do', () => {
    assert.deepEqual(read(''), { orderId: 'o1', minVersion: 0n, ifMatch: undefined });
  });

  it('min_version is as large as a version that is told can be', () => {
    for (const version of [1n, 10n ** 15n, MAX_VERSION]) {
      assert.equal(read(`min_version=${version}`).minVersion, version);
    }
  });

  it('min_version is one positive whole number', () => {
    const wrong = ['', '0', '-1', '+1', '1.0', '1e1', '0x1', ' 1', 'x', `${MAX_VERSION + 1n}`];
    for (const text of [...wrong, '9'.repeat(10_000)]) {
      const query = `min_version=${encodeURIComponent(text)}`;
      assert.throws(() => read(query), refusedAs('invalid_query'), text.slice(0, 30));
    }
    assert.throws(() => read('min_version=1&min_version=1'), refusedAs('invalid_query'));
  });

  it('what can be no id is not looked for', () => {
    assert.throws(() => read('', 'a\nb'), refusedAs('order_not_found'));
  });
});
