import assert from 'node:assert/strict';
import fc from 'fast-check';
import { minor } from '../money/money.ts';
import { given } from '../testing/given.ts';
import {
  decide,
  evolve,
  fold,
  initialState,
  isOpen,
  needsVoid,
  type OrderCommand,
  type OrderDetails,
  type OrderEvent,
  type OrderStatus,
  type PaymentStatus,
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

const cancelled: OrderEvent = {
  type: 'cancelled',
  orderId: 'o-1',
  decidedBy: 'customer',
  reason: 'too slow',
};
const voidRequested = (reason: string): OrderEvent => ({
  type: 'voidrequested',
  orderId: 'o-1',
  reason,
});
const voided: OrderEvent = { type: 'paymentvoided', orderId: 'o-1', paymentId: 'pay-1' };

const place: OrderCommand = { type: 'place', order };
const recordDebit: OrderCommand = { type: 'recordDebit', ...debit };
const recordFailure: OrderCommand = {
  type: 'recordPaymentFailure',
  orderId: 'o-1',
  reason: 'declined',
};
const approve: OrderCommand = { type: 'approve', decidedBy: 'policy' };
const reject: OrderCommand = { type: 'reject', decidedBy: 'policy', reason: 'closed' };

const cancel: OrderCommand = { type: 'cancel', decidedBy: 'customer', reason: 'too slow' };
const requestVoid: OrderCommand = { type: 'requestVoid', orderId: 'o-1' };
const recordVoid: OrderCommand = { type: 'recordVoid', orderId: 'o-1', paymentId: 'pay-1' };

/** Each end an order can come to, by the shortest way there. */
const ends = {
  Approved: [created, debited, approved],
  PaymentFailed: [created, failed],
  Rejected: [created, debited, rejected],
  Cancelled: [created, cancelled],
} as const satisfies Partial<Record<OrderStatus, readonly OrderEvent[]>>;

const requested = voidRequested('closed');
const allEvents = [created, debited, failed, approved, rejected, cancelled, requested, voided];
/** What a payment is once there was a debit, each only followed by those after it. */
const covers: readonly PaymentStatus[] = ['debited', 'void_requested', 'voided'];

/** Status and payment after `events`. */
function lifeAfter(...events: OrderEvent[]) {
  const { status, payment } = fold(events);
  return [status, payment];
}

describe('an order', () => {
  it('is placed once', () => {
    given().when(place).thenEvents(created);
    for (const history of [[created], [created, debited], ...Object.values(ends)]) {
      given(...history)
        .when(place)
        .thenRefused('order_exists');
    }
  });

  it('is approved or rejected when paid, and not before', () => {
    for (const command of [approve, reject]) {
      given().when(command).thenRefused('order_not_found');
      given(debited).when(command).thenRefused('order_not_found');
      given(created).when(command).thenRefused('order_not_paid');
    }
    given(created, debited).when(approve).thenEvents(approved);
    given(created, debited).when(reject).thenEvents(rejected);
  });

  it('is cancelled while it is open, paid or not', () => {
    given().when(cancel).thenRefused('order_not_found');
    given(debited).when(cancel).thenRefused('order_not_found');
    given(created).when(cancel).thenEvents(cancelled);
    given(created, debited).when(cancel).thenEvents(cancelled);
  });

  it('ends once: the same decision again has no effect, another is refused', () => {
    const decisions = { Approved: approve, Rejected: reject, Cancelled: cancel };
    for (const [end, history] of Object.entries(ends)) {
      for (const [outcome, command] of Object.entries(decisions)) {
        const asked = given(...history).when(command);
        if (outcome === end) asked.thenNothing();
        else asked.thenRefused('order_ended');
      }
    }
  });

  it('records a debit in any state, once', () => {
    for (const history of [[], [created], ends.PaymentFailed, ends.Cancelled]) {
      given(...history)
        .when(recordDebit)
        .thenEvents(debited);
    }
    for (const history of [[created, debited], ends.Approved, ends.Rejected]) {
      given(...history)
        .when(recordDebit)
        .thenNothing();
    }
  });

  it('records a debit that the void overtook, and the void covers it', () => {
    const overtaken = [created, cancelled, voidRequested('too slow')];
    given(...overtaken)
      .when(recordDebit)
      .thenEvents(debited);
    assert.deepEqual(lifeAfter(...overtaken, debited), ['Cancelled', 'void_requested']);
    given(...overtaken, voided)
      .when(recordDebit)
      .thenEvents(debited);
    assert.deepEqual(lifeAfter(...overtaken, voided, debited), ['Cancelled', 'voided']);
  });

  it('records a failed payment in any state, where nothing else is known of it', () => {
    for (const history of [[], [created], ends.Cancelled]) {
      given(...history)
        .when(recordFailure)
        .thenEvents(failed);
    }
    for (const history of [
      [created, debited],
      ends.PaymentFailed,
      ends.Approved,
      [created, cancelled, voidRequested('too slow')],
      [created, cancelled, voidRequested('too slow'), voided],
    ]) {
      given(...history)
        .when(recordFailure)
        .thenNothing();
    }
  });

  it('records a void in any state, once', () => {
    for (const history of [[], [created], [created, debited], ...Object.values(ends)]) {
      given(...history)
        .when(recordVoid)
        .thenEvents(voided);
      given(...history, voided)
        .when(recordVoid)
        .thenNothing();
    }
    given(created, cancelled, voidRequested('too slow')).when(recordVoid).thenEvents(voided);
  });

  it('that ended badly has its void asked for, also when no debit is known', () => {
    given(...ends.Rejected)
      .when(requestVoid)
      .thenEvents(voidRequested('closed'));
    given(...ends.Cancelled)
      .when(requestVoid)
      .thenEvents(voidRequested('too slow'));
    given(created, debited, cancelled).when(requestVoid).thenEvents(voidRequested('too slow'));
  });

  it('whose payment failed has no void, until its debit turns out to have happened', () => {
    given(...ends.PaymentFailed)
      .when(requestVoid)
      .thenNothing();
    given(...ends.Cancelled, failed)
      .when(requestVoid)
      .thenNothing();
    given(...ends.PaymentFailed, debited)
      .when(requestVoid)
      .thenEvents(voidRequested('declined'));
    given(...ends.Cancelled, failed, debited)
      .when(requestVoid)
      .thenEvents(voidRequested('too slow'));
  });

  it('has its void asked for once', () => {
    for (const history of [ends.Rejected, ends.Cancelled]) {
      const asked = [...history, voidRequested('any')];
      given(...asked)
        .when(requestVoid)
        .thenNothing();
      given(...asked, voided)
        .when(requestVoid)
        .thenNothing();
    }
  });

  it('has its void asked for again where nobody answered, and nowhere else', () => {
    const again: OrderCommand = { ...requestVoid, again: true };
    for (const history of [ends.Rejected, ends.Cancelled]) {
      const asked = [...history, voidRequested('any')];
      given(...asked)
        .when(again)
        .thenEvents(voidRequested(fold(history).reason ?? ''));
      given(...asked, voided)
        .when(again)
        .thenNothing();
    }
    given().when(again).thenRefused('order_not_found');
    for (const history of [[created], [created, debited], ends.Approved]) {
      given(...history)
        .when(again)
        .thenRefused('payment_stands');
    }
  });

  it('that is not there, and for which money was taken, has its void asked for once', () => {
    given(debited).when(requestVoid).thenEvents(voidRequested('unknown_order'));
    given(debited, voidRequested('unknown_order')).when(requestVoid).thenNothing();
    given(failed).when(requestVoid).thenNothing();
    assert.equal(fold([debited, voidRequested('unknown_order'), voided]).details, undefined);
  });

  it('that goes on, or was approved, keeps its payment', () => {
    given().when(requestVoid).thenRefused('order_not_found');
    for (const history of [[created], [created, debited], ends.Approved]) {
      given(...history)
        .when(requestVoid)
        .thenRefused('payment_stands');
    }
  });

  it('needs its void exactly where asking for it is accepted', () => {
    const history = fc.array(fc.constantFrom(...allEvents));
    fc.assert(
      fc.property(history, (events) => {
        const state = fold(events);
        const decision = decide(requestVoid, state);
        const asks = decision.accepted && decision.events.length > 0;
        assert.equal(asks, needsVoid(state));
      }),
    );
  });

  it('goes through its life', () => {
    assert.deepEqual(lifeAfter(), ['None', 'none']);
    assert.deepEqual(lifeAfter(created), ['Pending', 'none']);
    assert.deepEqual(lifeAfter(created, debited), ['Paid', 'debited']);
    assert.deepEqual(lifeAfter(...ends.Approved), ['Approved', 'debited']);
    assert.deepEqual(lifeAfter(...ends.PaymentFailed), ['PaymentFailed', 'failed']);
    assert.deepEqual(lifeAfter(...ends.Rejected), ['Rejected', 'debited']);
    assert.deepEqual(lifeAfter(...ends.Cancelled), ['Cancelled', 'none']);
    assert.deepEqual(lifeAfter(created, debited, cancelled), ['Cancelled', 'debited']);
    const compensated = [...ends.Rejected, voidRequested('closed')];
    assert.deepEqual(lifeAfter(...compensated), ['Rejected', 'void_requested']);
    assert.deepEqual(lifeAfter(...compensated, voided), ['Rejected', 'voided']);
  });

  it('a payment recorded before its order counts', () => {
    assert.deepEqual(lifeAfter(debited), ['None', 'debited']);
    assert.deepEqual(lifeAfter(debited, created), ['Paid', 'debited']);
    assert.deepEqual(lifeAfter(failed, created), ['PaymentFailed', 'failed']);
  });

  it('a debit that arrives after the end is known, and the end stays', () => {
    assert.deepEqual(lifeAfter(created, failed, debited), ['PaymentFailed', 'debited']);
    assert.deepEqual(lifeAfter(created, cancelled, debited), ['Cancelled', 'debited']);
  });

  it('what others wrote against the rules changes no end, and no payment that is known', () => {
    const others = [created, approved, rejected, cancelled, failed, debited];
    for (const [end, history] of Object.entries(ends)) {
      for (const event of others) {
        assert.equal(fold([...history, event]).status, end, event.type);
      }
    }
    assert.deepEqual(lifeAfter(created, debited, failed), ['Paid', 'debited']);
    const voidedBefore = [created, debited, cancelled, voidRequested('too slow'), voided];
    assert.deepEqual(lifeAfter(...voidedBefore, voidRequested('again')), ['Cancelled', 'voided']);
  });

  it('says why it ended as it did', () => {
    assert.equal(fold(ends.PaymentFailed).reason, 'declined');
    assert.equal(fold(ends.Rejected).reason, 'closed');
    assert.equal(fold(ends.Cancelled).reason, 'too slow');
    assert.equal(fold(ends.Approved).reason, undefined);
    assert.equal(fold([...ends.Rejected, cancelled]).reason, 'closed', 'the first end counts');
  });

  it('is open until it ends', () => {
    assert.ok(!isOpen(initialState));
    for (const history of [[created], [created, debited]]) assert.ok(isOpen(fold(history)));
    for (const history of Object.values(ends)) assert.ok(!isOpen(fold(history)));
  });

  it('the sum of its items is exact', () => {
    assert.equal(total(order.items), 2_500);
    assert.equal(total([]), 0);
  });

  it('whatever is in the log, in whatever order: it ends once, and its payment only goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...allEvents)), (events) => {
        let state = initialState;
        for (const event of events) {
          const next = evolve(state, event);
          if (state.status in ends) assert.equal(next.status, state.status);
          if (covers.includes(state.payment)) {
            assert.ok(covers.indexOf(next.payment) >= covers.indexOf(state.payment));
          }
          state = next;
        }
        // Never forgets a debit, and never makes one up.
        if (events.includes(debited)) assert.ok(covers.includes(state.payment));
        if (state.payment === 'debited') assert.ok(events.includes(debited));
      }),
    );
  });

  it('what was accepted has no effect when it is requested again', () => {
    const commands = fc.array(
      fc.constantFrom(recordDebit, recordFailure, recordVoid, approve, reject, cancel, requestVoid),
    );
    fc.assert(
      fc.property(commands, (asked) => {
        let state = evolve(initialState, created);
        for (const command of asked) {
          const first = decide(command, state);
          if (!first.accepted) continue;
          state = first.events.reduce(evolve, state);
          const again = decide(command, state);
          // A debit that its void overtook is written down as often as it is told; its id makes it one.
          if (command === recordDebit && state.payment !== 'debited') continue;
          assert.deepEqual(again, { accepted: true, events: [] });
        }
      }),
    );
  });

  it('whatever was asked of it: ended and its void asked for, no money is left behind', () => {
    const commands = fc.array(
      fc.constantFrom(recordDebit, recordFailure, recordVoid, approve, reject, cancel),
    );
    fc.assert(
      fc.property(commands, (asked) => {
        let state = evolve(initialState, created);
        for (const command of [...asked, cancel, requestVoid]) {
          const decision = decide(command, state);
          if (decision.accepted) state = decision.events.reduce(evolve, state);
        }
        assert.ok(!isOpen(state) && !needsVoid(state));
        assert.ok(state.status === 'Approved' || state.payment !== 'debited');
      }),
    );
  });

  it('an order begins with nothing known of it', () => {
    assert.deepEqual(initialState, {
      status: 'None',
      payment: 'none',
      details: undefined,
      reason: undefined,
    });
  });

  it('a review of what is paid no more is refused, and says so', () => {
    const state = { ...fold([created, debited]), payment: 'voided' as const };
    for (const command of [approve, reject]) {
      const refused = decide(command, state);
      assert.ok(!refused.accepted);
      assert.equal(refused.code, 'payment_voided');
      assert.match(refused.message, /o-1 is no longer paid/);
    }
  });

  it('a void says why the order ended, or at least how', () => {
    const ended = { ...fold([created, debited]), status: 'Rejected' as const };
    const reasons = [ended, { ...ended, reason: 'closed' }].map((state) => {
      const decision = decide(requestVoid, state);
      assert.ok(decision.accepted);
      return decision.events.map((event) => 'reason' in event && event.reason);
    });
    assert.deepEqual(reasons, [['Rejected'], ['closed']]);
  });
});
