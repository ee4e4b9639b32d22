import assert from 'node:assert/strict';
import { eventTypes, orderEventCodec } from '../../../shared/contracts/events.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { minor } from '../../../shared/money/money.ts';
import { foldWaits, waitsAfter } from '../../../shared/process-manager/waits/waits.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { orderProcess } from './order-process.ts';
import { standingAfter } from './standing.ts';

const codec = orderEventCodec(2);
const saga = orderProcess({ payment: 1, review: 1, void: 1, ceiling: 1 }, codec);
const folded = (events: readonly RecordedEvent[]) => foldWaits(saga, events);
const orderId = 'order-1';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(100),
    items: [{ code: 'p', name: 'Pizza', unitPrice: minor(100), quantity: 1 }],
    createdOn: '2026-01-01T12:00:00.000Z',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(100),
  paymentId: 'payment-1',
};
const failed: OrderEvent = { type: 'paymentfailed', orderId, reason: 'declined' };
const approved: OrderEvent = { type: 'approved', orderId, decidedBy: 'policy' };
const cancelled: OrderEvent = { type: 'cancelled', orderId, decidedBy: 'customer', reason: 'slow' };
const voidRequested: OrderEvent = { type: 'voidrequested', orderId, reason: 'slow' };

function recorded(...events: readonly (OrderEvent | Partial<RecordedEvent>)[]): RecordedEvent[] {
  return events.map((event, index) => ({
    ...anEvent({ aggregateId: orderId }),
    ...('type' in event ? codec.encode(event) : event),
    stream: 'ORDERS',
    version: BigInt(index + 1),
    position: BigInt(index + 1),
    createdAt: new Date(index),
  }));
}

describe('where an order stands', () => {
  it('one event tells it on the usual path, just as folding does', () => {
    for (const path of [
      [created],
      [created, debited],
      [created, failed],
      [created, debited, approved],
    ]) {
      const events = recorded(...path);
      const last = events.at(-1);
      assert.ok(last);
      const { state, spoilt: _, ...waits } = folded(events);
      assert.deepEqual(standingAfter(last), { status: state.status, payment: state.payment });
      assert.deepEqual(waitsAfter(saga, last), waits);
      assert.deepEqual(saga.react(state, { type: 'event' }, orderId), undefined);
    }
  });

  it('off the usual path one event tells nothing', () => {
    const late = recorded(created, cancelled, debited).at(-1);
    assert.ok(late);
    assert.deepEqual([standingAfter(late), waitsAfter(saga, late)], [undefined, undefined]);
  });

  it('is since the event that brought it there, and since the void was asked for last', () => {
    const paid = recorded(created, debited, failed);
    assert.deepEqual(folded(paid).since, { review: paid[1] });
    const events = recorded(created, debited, cancelled, voidRequested, voidRequested);
    const { since, asked, spoilt } = folded(events);
    assert.deepEqual(since, { void: events[4] });
    assert.deepEqual([asked, spoilt], [{ void: 2 }, false]);
    assert.deepEqual(folded([]).since, {});
  });

  it('an event that cannot be read changes nothing and is told; one of an unknown type is not', () => {
    const unknown = { eventType: 'ORDERS.somethingelse', data: '{}' };
    const unreadable = { eventType: eventTypes.approved, data: '{' };
    const strange = folded(recorded(created, unknown));
    assert.deepEqual([strange.state.status, strange.spoilt], ['Pending', false]);
    const spoilt = folded(recorded(created, unreadable, unknown));
    assert.deepEqual([spoilt.state.status, spoilt.spoilt], ['Pending', true]);
  });
});
