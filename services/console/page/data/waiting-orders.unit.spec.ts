import assert from 'node:assert/strict';
import type { OrderRow } from '../../http/contract.ts';
import { WaitingOrders } from './waiting-orders.js';

const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 18, 30, second)).toISOString();

/** Version 2 of an order, paid at that second of the minute and due a minute later. */
function paid(id: string, second: number, more: Partial<OrderRow> = {}): OrderRow {
  const row = { order_id: id, customer_id: 'ada', restaurant_id: 'r1', amount: '12.00' };
  const state = { status: 'Paid', payment_status: 'debited', version: 2 };
  const times = { created_at: at(second), changed_at: at(second), due_at: at(second + 60) };
  return { ...row, ...state, ...times, waits_for: 'restaurant', ...more };
}
const approved = (row: OrderRow): OrderRow => ({ ...row, status: 'Approved', version: 3 });
const ids = ({ rows }: WaitingOrders) => rows.map(({ order_id }) => order_id);

describe('the orders that wait for a decision', () => {
  it('stand by when their wait ends, wherever they were learned from', () => {
    const orders = new WaitingOrders();
    orders.list([paid('b', 20)]);
    orders.change([paid('c', 30), paid('a', 10)]);
    assert.deepEqual(ids(orders), ['a', 'b', 'c']);
  });

  it('go when they end, and a list that was read before does not bring them back', () => {
    const orders = new WaitingOrders();
    orders.list([paid('a', 10), paid('b', 20)]);
    orders.change([approved(paid('a', 10))]);
    orders.list([paid('a', 10), paid('b', 20)]);
    assert.deepEqual(ids(orders), ['b']);
  });

  it('stay when a list that was read before they came lacks them, and go when the next one does', () => {
    const orders = new WaitingOrders();
    orders.list([paid('a', 10)]);
    orders.change([paid('b', 20)]);
    orders.list([paid('a', 10)]);
    assert.deepEqual(ids(orders), ['a', 'b']);
    orders.list([paid('a', 10)]);
    assert.deepEqual(ids(orders), ['a']);
    orders.list([]);
    orders.list([]);
    assert.deepEqual(ids(orders), []);
  });

  it('go at once when somebody decides, and are back when that was refused', () => {
    const orders = new WaitingOrders();
    orders.list([paid('a', 10)]);
    orders.decided(paid('a', 10));
    orders.list([paid('a', 10)]);
    assert.deepEqual(ids(orders), []);
    orders.undecided(paid('a', 10));
    assert.deepEqual(ids(orders), ['a']);
  });

  it('stay away when they ended meanwhile, whatever became of the decision', () => {
    const orders = new WaitingOrders();
    orders.list([paid('a', 10)]);
    orders.decided(paid('a', 10));
    orders.change([approved(paid('a', 10))]);
    orders.undecided(paid('a', 10));
    assert.deepEqual(ids(orders), []);
  });

  it('keep the customer that a change has sealed', () => {
    const orders = new WaitingOrders();
    const { customer_id: _, ...sealed } = paid('a', 10, { version: 3 });
    orders.list([paid('a', 10)]);
    orders.change([sealed]);
    assert.equal(orders.rows[0]?.customer_id, 'ada');
    orders.change([{ ...sealed, order_id: 'b' }]);
    orders.list([paid('a', 10), paid('b', 10)]);
    assert.deepEqual(
      orders.rows.map(({ customer_id }) => customer_id),
      ['ada', 'ada'],
    );
  });

  it('are bounded while thousands pass through', () => {
    const orders = new WaitingOrders();
    for (let n = 0; n < 5_000; n++) {
      orders.change([paid(`o${n}`, 10)]);
      if (n >= 300) orders.change([approved(paid(`o${n}`, 10))]);
    }
    assert.equal(orders.rows.length, 200);
  });
});
