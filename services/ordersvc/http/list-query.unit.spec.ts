import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CodedError } from '../../../shared/kit/errors.ts';
import { MAX_AMOUNT } from '../../../shared/money/money.ts';
import { DEFAULT_LIMIT, MAX_AGE, MAX_LIMIT } from '../views/order-list.ts';
import { encodeCursor, readOrderListQuery } from './list-query.ts';

function fields(query: string): string[] {
  try {
    readOrderListQuery(new URLSearchParams(query), 2);
  } catch (error) {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.code, 'invalid_query');
    return error.problems.map(({ field }) => field);
  }
  return [];
}

describe('a list query', () => {
  it('names a customer, and may leave the rest out', () => {
    assert.deepEqual(readOrderListQuery(new URLSearchParams('customer_id=c1'), 2), {
      customerId: 'c1',
      limit: DEFAULT_LIMIT,
      after: undefined,
    });
  });

  it('may name a restaurant, a status and an age, alone or together', () => {
    const read = (query: string) => readOrderListQuery(new URLSearchParams(query), 2);
    const rest = { limit: DEFAULT_LIMIT, after: undefined };
    assert.deepEqual(read('restaurant_id=r1'), { restaurantId: 'r1', ...rest });
    assert.deepEqual(read('status=Paid'), { status: 'Paid', ...rest });
    assert.deepEqual(read('customer_id=c&restaurant_id=r&status=Approved&older_than=0'), {
      customerId: 'c',
      restaurantId: 'r',
      status: 'Approved',
      olderThan: 0,
      ...rest,
    });
  });

  it('a status is one that an order can be shown in, an age a number of seconds', () => {
    for (const status of ['None', 'paid', '', 'Paid,Pending', 'toString']) {
      assert.deepEqual(fields(`status=${status}`), ['status'], status);
    }
    for (const age of ['-1', '1.5', '', '10m', String(MAX_AGE + 1), '9'.repeat(30)]) {
      assert.deepEqual(fields(`status=Paid&older_than=${age}`), ['older_than'], age);
    }
    assert.deepEqual(fields(`status=Paid&older_than=${MAX_AGE}`), []);
    assert.deepEqual(fields('restaurant_id=%20&status=Paid&status=Paid'), [
      'status',
      'restaurant_id',
    ]);
  });

  it('amounts are read as they are written, with the decimals of the currency', () => {
    const read = (query: string) => readOrderListQuery(new URLSearchParams(query), 2);
    const { minAmount, maxAmount } = read('min_amount=10&max_amount=99.95');
    assert.deepEqual([minAmount, maxAmount], [1_000, 9_995]);
    for (const wrong of ['9.95555', '-1', '1e3', '', '1,50']) {
      assert.deepEqual(fields(`min_amount=${wrong}`), ['min_amount'], wrong);
    }
  });

  it('an amount that no order can have is a bound all the same', () => {
    const read = (query: string) => readOrderListQuery(new URLSearchParams(query), 2);
    const between = read('min_amount=9.955&max_amount=9.955');
    assert.deepEqual([between.minAmount, between.maxAmount], [996, 995]);
    const beyond = read('min_amount=55809352729&max_amount=55809352729');
    assert.deepEqual([beyond.minAmount, beyond.maxAmount], [MAX_AMOUNT + 1, MAX_AMOUNT]);
    const trailing = read('min_amount=9.9500&max_amount=9.9500');
    assert.deepEqual([trailing.minAmount, trailing.maxAmount], [995, 995]);
  });

  it('open and overdue are true, or left out', () => {
    const read = readOrderListQuery(new URLSearchParams('open=true&overdue=true'), 2);
    assert.deepEqual([read.open, read.overdue], [true, true]);
    assert.deepEqual(fields('open=false&overdue=1'), ['open', 'overdue']);
  });

  it('says every problem at once', () => {
    assert.deepEqual(fields('min_amount=x&limit=0&cursor=!'), ['min_amount', 'limit', 'cursor']);
  });

  it('a limit is a whole number from 1 to the maximum', () => {
    for (const limit of ['1', String(MAX_LIMIT)]) {
      assert.deepEqual(fields(`customer_id=c&limit=${limit}`), [], limit);
    }
    for (const limit of [
      '0',
      String(MAX_LIMIT + 1),
      '-1',
      '1.5',
      '',
      'all',
      '1e1',
      '9'.repeat(30),
    ]) {
      assert.deepEqual(fields(`customer_id=c&limit=${limit}`), ['limit'], limit);
    }
  });

  it('a cursor is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 16n - 1n }),
        fc.uuid(),
        (createdMicros, orderId) => {
          const cursor = encodeCursor({ createdMicros, orderId });
          assert.match(cursor, /^[\w-]+$/, 'safe in an address');
          const query = readOrderListQuery(
            new URLSearchParams(`customer_id=c&cursor=${cursor}`),
            2,
          );
          assert.deepEqual(query.after, { createdMicros, orderId });
        },
      ),
    );
  });

  it('a cursor made by somebody else is refused', () => {
    const forged = (text: string) => Buffer.from(text).toString('base64url');
    const zero = String.fromCharCode(0);
    for (const text of [
      '',
      ' x',
      '1',
      '1 ',
      '-1 x',
      '1.5 x',
      `${'9'.repeat(17)} x`,
      `1 a${zero}`,
    ]) {
      assert.deepEqual(fields(`customer_id=c&cursor=${forged(text)}`), ['cursor'], text);
    }
  });
});
