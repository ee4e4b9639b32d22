import assert from 'node:assert/strict';
import type { OrderRow } from '../../http/contract.ts';
import { OrderRows } from './order-rows.js';

const NOW = Date.parse('2026-03-01T18:30:00.000Z');

/** An order that was placed so many seconds before now. */
function order(id: string, secondsAgo: number, more: Partial<OrderRow> = {}): OrderRow {
  const at = new Date(NOW - secondsAgo * 1_000).toISOString();
  const row = { order_id: id, customer_id: 'ada', restaurant_id: 'r1', amount: '12.00' };
  const state = { status: 'Approved', payment_status: 'debited', version: 1 };
  return { ...row, ...state, created_at: at, changed_at: at, ...more };
}
const late = (id: string, secondsAgo: number) =>
  order(id, secondsAgo, {
    status: 'Paid',
    waits_for: 'restaurant',
    due_at: new Date(NOW - 1_000).toISOString(),
  });
const ids = (rows: OrderRows) => rows.shown.map(({ row }) => row.order_id);
const everything = () => true;

describe('the rows of a live list', () => {
  it('begin with what is overdue, then the newest', () => {
    const rows = new OrderRows(everything);
    rows.start([order('old', 9), order('new', 1), late('late', 90)], NOW);
    assert.deepEqual(ids(rows), ['late', 'new', 'old']);
  });

  it('stay where they are when one changes, and when new ones come', () => {
    const rows = new OrderRows(everything);
    rows.start([order('b', 2), order('a', 3)], NOW);
    rows.change([order('c', 0), order('a', 3, { status: 'Cancelled', version: 2 })]);
    assert.deepEqual(ids(rows), ['b', 'a']);
    assert.equal(rows.shown[1]?.row.status, 'Cancelled');
    assert.equal(rows.waiting, 1);
  });

  it('let new ones in when they are told to, and mark them', () => {
    const rows = new OrderRows(everything);
    rows.start([order('a', 3)], NOW);
    rows.change([order('c', 0), order('b', 1)]);
    assert.equal(rows.settle(NOW), 2);
    assert.deepEqual(ids(rows), ['c', 'b', 'a']);
    assert.deepEqual(
      rows.shown.map(({ fresh }) => fresh),
      [true, true, false],
    );
    assert.equal(rows.settle(NOW), 0);
  });

  it('never go back to an older version', () => {
    const rows = new OrderRows(everything);
    rows.start([order('a', 3, { version: 3 })], NOW);
    rows.change([order('a', 3, { version: 2, status: 'Paid' })]);
    assert.equal(rows.shown[0]?.row.status, 'Approved');
  });

  it('keep the customer that a live row lacks because it is sealed, and stay in its list', () => {
    const rows = new OrderRows(({ customer_id }) => customer_id === 'ada');
    rows.start([order('a', 3)], NOW);
    const { customer_id: _, ...sealed } = order('a', 3, { version: 2, status: 'Cancelled' });
    rows.change([sealed]);
    assert.deepEqual(rows.shown[0], {
      row: order('a', 3, { version: 2, status: 'Cancelled' }),
      fresh: false,
      gone: false,
    });
  });

  it('keep what is newer than a list that is read again, and what it lacks', () => {
    const rows = new OrderRows(everything);
    rows.start([order('a', 3)], NOW);
    rows.change([order('b', 1), order('a', 3, { version: 2, status: 'Cancelled' })]);
    rows.start([order('a', 3)], NOW);
    assert.equal(rows.shown[0]?.row.status, 'Cancelled');
    rows.settle(NOW);
    assert.deepEqual(ids(rows), ['b', 'a']);
  });

  it('keep what no longer fits the filter until new ones are let in', () => {
    const rows = new OrderRows(({ status }) => status === 'Paid');
    rows.start([order('a', 3, { status: 'Paid' })], NOW);
    rows.change([order('a', 3, { version: 2 }), order('b', 1)]);
    assert.deepEqual([ids(rows), rows.shown[0]?.gone, rows.waiting], [['a'], true, 0]);
    rows.settle(NOW);
    assert.deepEqual(ids(rows), []);
  });

  it('put first what became overdue meanwhile', () => {
    const rows = new OrderRows(everything);
    const due = new Date(NOW + 1_000).toISOString();
    rows.start([order('b', 1), order('a', 3, { waits_for: 'payment', due_at: due })], NOW);
    rows.settle(NOW + 2_000);
    assert.deepEqual(ids(rows), ['a', 'b']);
  });

  it('are bounded, and count what they could not keep', () => {
    const rows = new OrderRows(everything);
    rows.start([], NOW);
    for (let n = 0; n < 1_000; n++) rows.change([order(`o${n}`, 0)]);
    assert.equal(rows.waiting, 1_000);
    rows.settle(NOW);
    assert.equal(rows.shown.length, 50);
    for (let page = 0; page < 20; page++) {
      rows.older(Array.from({ length: 50 }, (_, n) => order(`p${page}-${n}`, 60 + page)));
    }
    assert.equal(rows.shown.length, 500);
  });

  it('take an old order that changes for news only where the list is not full', () => {
    const rows = new OrderRows(everything);
    rows.start(
      Array.from({ length: 50 }, (_, n) => order(`o${n}`, n)),
      NOW,
    );
    rows.change([order('ancient', 9_000, { version: 2 })]);
    assert.equal(rows.waiting, 0);
  });
});
