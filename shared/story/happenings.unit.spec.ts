import assert from 'node:assert/strict';
import { initialState, type OrderEvent, type OrderState } from '../domain/order.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import { minor } from '../money/money.ts';
import { anEvent } from '../testing/an-event.ts';
import { happened, who } from './happenings.ts';

const orderId = 'o-1';
const decidedBy = 'somebody';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'c-1',
    restaurantId: 'r-1',
    amount: minor(300),
    items: [
      { code: 'p', name: 'Pizza', unitPrice: minor(100), quantity: 2 },
      { code: 'a', name: 'Acqua', unitPrice: minor(100), quantity: 1 },
    ],
    createdOn: '',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'c-1',
  amount: minor(300),
  paymentId: 'p-1',
};
const failed: OrderEvent = { type: 'paymentfailed', orderId, reason: 'no credit' };
const approved: OrderEvent = { type: 'approved', orderId, decidedBy };
const rejected: OrderEvent = { type: 'rejected', orderId, decidedBy, reason: 'closed' };
const cancelled = (reason: string): OrderEvent => ({
  type: 'cancelled',
  orderId,
  decidedBy,
  reason,
});
const voidRequested: OrderEvent = { type: 'voidrequested', orderId, reason: '' };
const voided = (paymentId: string): OrderEvent => ({ type: 'paymentvoided', orderId, paymentId });

const recorded: RecordedEvent = {
  ...anEvent({ eventType: 'ORDERS.any', data: 'x'.repeat(100) }),
  stream: 'ORDERS',
  version: 1n,
  position: 1n,
  createdAt: new Date(0),
};
const told = (event: Parameters<typeof happened>[1], before: Partial<OrderState> = {}) =>
  happened(recorded, event, { ...initialState, ...before }, (amount) => `€${amount}`);

describe('what happened to an order', () => {
  it('is told in words, whatever it was', () => {
    const open = { status: 'Paid', payment: 'debited' } as const;
    for (const [event, words] of [
      [created, 'ordered at restaurant r-1: 2 × Pizza, 1 × Acqua; €300 in total'],
      [debited, 'took €300 (payment p-1)'],
      [failed, 'could not take the money: no credit'],
      [approved, 'accepted the order'],
      [rejected, 'rejected the order: closed'],
      [cancelled('too slow'), 'cancelled the order: too slow'],
      [
        cancelled('payment_deadline'),
        'cancelled the order: its payment did not arrive in time (payment_deadline)',
      ],
      [
        cancelled('review_deadline'),
        'cancelled the order: nobody accepted it in time (review_deadline)',
      ],
      [voidRequested, 'requested a refund, in case money was taken'],
      [voided('p-1'), 'refunded the money (payment p-1)'],
      [voided(''), 'found nothing to refund, and made sure that no later debit succeeds'],
      [undefined, 'ORDERS.any: an unknown event type'],
      ['unreadable', `ORDERS.any that cannot be read: ${'x'.repeat(60)}`],
    ] as const) {
      assert.equal(told(event, open), words);
    }
  });

  it('a decision that came too late changed nothing, and that is said', () => {
    for (const event of [approved, rejected, cancelled('x')]) {
      assert.match(
        told(event, { status: 'Cancelled' }),
        /, which changed nothing: it was Cancelled$/,
      );
      for (const status of ['None', 'Pending', 'Paid'] as const) {
        assert.doesNotMatch(told(event, { status }), /changed nothing/);
      }
    }
    assert.doesNotMatch(told(voidRequested, { status: 'Cancelled' }), /changed nothing/);
  });

  it('a debit that came too late says what becomes of it', () => {
    for (const payment of ['void_requested', 'voided'] as const) {
      assert.match(told(debited, { payment }), /, too late: the requested void covers it$/);
    }
    assert.match(told(debited, { status: 'Cancelled' }), /, too late: the order was Cancelled$/);
    for (const status of ['None', 'Pending', 'Paid'] as const) {
      assert.doesNotMatch(told(debited, { status }), /too late/);
    }
  });

  it('has somebody who did it, as far as that is known', () => {
    for (const [event, name] of [
      [created, 'customer c-1'],
      [debited, 'payment-worker'],
      [failed, 'payment-worker'],
      [voided(''), 'payment-worker'],
      [voidRequested, 'saga-coordinator'],
      [approved, decidedBy],
      [rejected, decidedBy],
      [cancelled(''), decidedBy],
      [{ ...approved, decidedBy: '' }, 'unknown'],
      [undefined, 'unknown'],
      ['unreadable', 'unknown'],
    ] as const) {
      assert.equal(who(event), name);
    }
  });

  it('is told without the texts that are sealed', () => {
    const sealed = `sealed:${'a'.repeat(22)}:${'b'.repeat(60)}`;
    assert.equal(told({ ...rejected, reason: sealed }), 'rejected the order: (sealed)');
    assert.equal(told(cancelled(sealed)), 'cancelled the order: (sealed)');
    assert.ok(created.type === 'created');
    const items = created.order.items.map((item) => ({ ...item, name: sealed }));
    assert.match(
      told({ ...created, order: { ...created.order, items } }),
      /2 × \(sealed\), 1 × \(sealed\)/,
    );
  });
});
