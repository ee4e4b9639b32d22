import assert from 'node:assert/strict';
import { filterOf, matcher, narrowed, queryOf } from './order-filter.js';

const row = {
  order_id: 'o1',
  customer_id: 'ada',
  restaurant_id: 'trattoria',
  amount: '19.50',
  status: 'Paid',
  payment_status: 'debited',
  version: 2,
  created_at: '2026-03-01T18:30:00.000Z',
  changed_at: '2026-03-01T18:30:01.000Z',
};

describe('the filter of the list of orders', () => {
  it('is what the address says, and nothing else', () => {
    const filter = filterOf(
      new URLSearchParams('status=open&customer_id=+ada+&evil=1&min_amount='),
    );
    assert.deepEqual(filter, { customer_id: 'ada', status: 'open' });
    assert.equal(queryOf(filter, { limit: '50' }), '?customer_id=ada&status=open&limit=50');
    assert.equal(queryOf({}), '');
    assert.equal(narrowed(filter), 1);
  });

  it('lets in by itself only what fits all of it', () => {
    const fits = (query: string) => matcher(filterOf(new URLSearchParams(query)))(row);
    for (const query of [
      '',
      'status=open',
      'status=Paid',
      'customer_id=ada',
      'restaurant_id=trattoria',
      'min_amount=19.5&max_amount=19.50',
    ]) {
      assert.equal(fits(query), true, query);
    }
    for (const query of [
      'status=Approved',
      'customer_id=bob',
      'status=Paid&restaurant_id=other',
      'min_amount=19.51',
      'max_amount=19.49',
      'older_than=60',
      'overdue=true',
    ]) {
      assert.equal(fits(query), false, query);
    }
  });
});
