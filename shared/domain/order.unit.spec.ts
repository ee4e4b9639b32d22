import assert from 'node:assert/strict';
import fc from 'fast-check';
import { given } from '../testing/given.ts';
import { minor } from './money.ts';
import {
  decide,
  evolve,
  fold,
  initialState,
  type OrderCommand,
  type OrderDetails,
  type OrderEvent,
  total,
} from './order.ts';

const order: OrderDetails = {
  orderId: 'o-1',
  customerId: 'c-1',
  restaurantId: 'r-1',
  amount: minor(2_500),
  items: [{ code: 'p', name: 'Pizza', unitPrice: minor(1_250), quantity: 2 }],
  createdOn: '2026-01-01T12:00:00.000Z',
};
const debit = { orderId: 'o-1', customerId: 'c-1', amount: minor(2_500), paymentId: 'pay-1' };
const created: OrderEvent = { type: 'created', order };
const debited: OrderEvent = { type: 'paymentdebited', ...debit };
const failed: OrderEvent = { type: 'paymentfailed', orderId: 'o-1', reason: 'declined' };
const approved: OrderEvent = { type: 'approved', orderId: 'o-1', decidedBy: 'policy' };
const rejected: OrderEvent = {
  type: 'rejected',
  orderId: 'o-1',
  decidedBy: 'policy',
  reason: 'closed',
};

const place: OrderCommand = { type: 'place', order };
const recordDebit: OrderCommand = { type: 'recordDebit', ...debit };
const recordFailure: OrderCommand = {
  type: 'recordPaymentFailure',
  orderId: 'o-1',
  reason: 'declined',
};
const approve: OrderCommand = { type: 'approve', decidedBy: 'policy' };
const reject: OrderCommand = { type: 'reject', decidedBy: 'policy', reason: 'closed' };

describe('an order', () => {
  it('is placed once', () => {
    given().when(place).thenEvents(created);
    given(created).when(place).thenRefused('order_exists');
  });

  it('is approved or rejected when paid, and not before', () => {
    given().when(approve).thenRefused('order_not_found');
    given(created).when(approve).thenRefused('order_not_paid');
    given(created).when(reject).thenRefused('order_not_paid');
    given(created, debited).when(approve).thenEvents(approved);
    given(created, debited).when(reject).thenEvents(rejected);
  });

  it('ends once: the same decision again comes to nothing, another is refused', () => {
    given(created, debited, approved).when(approve).thenNothing();
    given(created, debited, rejected).when(reject).thenNothing();
    given(created, debited, approved).when(reject).thenRefused('order_ended');
    given(created, debited, rejected).when(approve).thenRefused('order_ended');
    given(created, failed).when(approve).thenRefused('order_ended');
  });

  it('records what happened to its payment in any state, once', () => {
    for (const history of [[], [created], [created, rejected], [created, failed]]) {
      given(...history)
        .when(recordDebit)
        .thenEvents(debited);
    }
    given(created, debited).when(recordDebit).thenNothing();
    given(created, debited, rejected).when(recordDebit).thenNothing();
    given(created).when(recordFailure).thenEvents(failed);
    given(created, failed).when(recordFailure).thenNothing();
    given(created, debited).when(recordFailure).thenNothing();
  });

  it('goes through its life', () => {
    const statuses = (...events: OrderEvent[]) => {
      const { status, payment } = fold(events);
      return [status, payment];
    };
    assert.deepEqual(statuses(), ['None', 'none']);
    assert.deepEqual(statuses(created), ['Pending', 'none']);
    assert.deepEqual(statuses(created, debited), ['Paid', 'debited']);
    assert.deepEqual(statuses(created, debited, approved), ['Approved', 'debited']);
    assert.deepEqual(statuses(created, debited, rejected), ['Rejected', 'debited']);
    assert.deepEqual(statuses(created, failed), ['PaymentFailed', 'failed']);
  });

  it('a debit that arrives after the end is known, and the end stays', () => {
    const late = fold([created, failed, debited]);
    assert.deepEqual([late.status, late.payment], ['PaymentFailed', 'debited']);
  });

  it('says why it ended as it did', () => {
    assert.equal(fold([created, failed]).reason, 'declined');
    assert.equal(fold([created, debited, rejected]).reason, 'closed');
    assert.equal(fold([created, debited, approved]).reason, undefined);
  });

  it('the sum of its items is exact', () => {
    assert.equal(total(order.items), 2_500);
    assert.equal(total([]), 0);
  });

  it('whatever is in the log, in whatever order: it folds, ends once, and never forgets a debit', () => {
    const ends = ['Approved', 'Rejected', 'PaymentFailed'];
    const anyEvents = fc.array(fc.constantFrom(created, debited, failed, approved, rejected));
    fc.assert(
      fc.property(anyEvents, (events) => {
        let state = initialState;
        for (const event of events) {
          const next = evolve(state, event);
          if (ends.includes(state.status)) assert.equal(next.status, state.status);
          if (state.payment === 'debited') assert.equal(next.payment, 'debited');
          state = next;
        }
        assert.equal(state.payment === 'debited', events.includes(debited));
      }),
    );
  });

  it('what was accepted comes to nothing when it is asked for again', () => {
    const commands = fc.array(fc.constantFrom(recordDebit, recordFailure, approve, reject));
    fc.assert(
      fc.property(commands, (asked) => {
        let state = evolve(initialState, created);
        for (const command of asked) {
          const first = decide(command, state);
          if (!first.accepted) continue;
          state = first.events.reduce(evolve, state);
          const again = decide(command, state);
          assert.deepEqual(again, { accepted: true, events: [] });
        }
      }),
    );
  });
});
