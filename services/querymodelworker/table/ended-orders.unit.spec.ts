import assert from 'node:assert/strict';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import { endedBy } from './ended-orders.ts';
import type { OrderRow } from './order-row.ts';

const row = (status: OrderRow['status']): OrderRow =>
  ({
    orderId: 'a',
    status,
    createdAt: '2026-11-22T21:00:00.000Z',
    updatedAt: '2026-11-22T21:00:01.500Z',
  }) as OrderRow;

const approved = (decidedBy: string): OrderEvent => ({ type: 'approved', orderId: 'a', decidedBy });

describe('orders that ended', () => {
  it('are those that were open, with who ended them and how long they took by the log', () => {
    const ended = { status: 'Approved', by: 'policy', tookMs: 1_500 };
    assert.deepEqual(endedBy(approved('policy'), row('Paid'), row('Approved')), ended);
    assert.equal(endedBy(approved('policy'), row('Pending'), row('Paid')), undefined);
  });

  it('name nobody whom an event may call as it likes', () => {
    const ended = endedBy(approved('Mrs. Smith'), row('Paid'), row('Approved'));
    assert.equal(ended?.by, 'other');
  });

  it('end once: a refund of an order that is over is no second end', () => {
    assert.equal(endedBy(approved('policy'), row('Cancelled'), row('Cancelled')), undefined);
  });

  it('were created: a row without its creation has no end', () => {
    assert.equal(endedBy(approved('policy'), undefined, row('None')), undefined);
  });
});
