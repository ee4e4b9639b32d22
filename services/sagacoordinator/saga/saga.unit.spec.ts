import assert from 'node:assert/strict';
import { minor } from '../../../shared/domain/money.ts';
import { fold, type OrderEvent } from '../../../shared/domain/order.ts';
import { type DeadlineKind, deadlineKinds, react, type SagaCommand, type Trigger } from './saga.ts';

const orderId = 'order-1';
const reason = 'why';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(100),
    items: [],
    createdOn: '',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(100),
  paymentId: 'payment-1',
};
const failed: OrderEvent = { type: 'paymentfailed', orderId, reason };
const approved: OrderEvent = { type: 'approved', orderId, decidedBy: 'policy' };
const rejected: OrderEvent = { type: 'rejected', orderId, decidedBy: 'policy', reason };
const cancelled: OrderEvent = { type: 'cancelled', orderId, decidedBy: 'customer', reason };
const voidRequested: OrderEvent = { type: 'voidrequested', orderId, reason };
const voided: OrderEvent = { type: 'paymentvoided', orderId, paymentId: 'payment-1' };

const set = (kind: DeadlineKind): SagaCommand => ({ type: 'setDeadline', kind });
const clear = (...kinds: DeadlineKind[]): SagaCommand => ({ type: 'clearDeadlines', kinds });
const clearOrder = clear('payment', 'review');
const clearAll = clear('payment', 'review', 'void');
const requestVoid: SagaCommand = { type: 'requestVoid', again: false };
const askAgain: SagaCommand = { type: 'requestVoid', again: true };
const cancel = (why: string): SagaCommand => ({ type: 'cancel', reason: why });

/** What has happened, what makes us look, and what it must come to. */
function given(...history: OrderEvent[]) {
  const when = (trigger: Trigger) => ({
    thenCommands: (...commands: SagaCommand[]) =>
      assert.deepEqual(react(fold(history), trigger), commands),
  });
  return {
    whenFollowed: when({ type: 'event' }),
    whenDue: (kind: DeadlineKind) => when({ type: 'deadline', kind }),
  };
}

describe('saga', () => {
  describe('following events', () => {
    it('a pending order has a deadline for its payment', () => {
      given(created).whenFollowed.thenCommands(set('payment'));
    });

    it('what is heard of a pending order late does not clear what it waits for by now', () => {
      const cleared = react(fold([created]), { type: 'event' }).filter(
        ({ type }) => type === 'clearDeadlines',
      );
      assert.deepEqual(cleared, []);
    });

    it('a paid order has a deadline for its review, and none for its payment', () => {
      given(created, debited).whenFollowed.thenCommands(set('review'), clear('payment'));
    });

    it('an approved order has no deadline, and keeps its payment', () => {
      given(created, debited, approved).whenFollowed.thenCommands(clearOrder);
    });

    it('a payment that failed needs no void', () => {
      given(created, failed).whenFollowed.thenCommands(clearOrder);
    });

    it('a rejected order gets its money back', () => {
      given(created, debited, rejected).whenFollowed.thenCommands(requestVoid, clearOrder);
    });

    it('a cancelled order gets its money back', () => {
      given(created, debited, cancelled).whenFollowed.thenCommands(requestVoid, clearOrder);
    });

    it('a void is asked for also when no debit is known', () => {
      given(created, cancelled).whenFollowed.thenCommands(requestVoid, clearOrder);
    });

    it('a payment that failed after the cancellation needs no void', () => {
      given(created, cancelled, failed).whenFollowed.thenCommands(clearOrder);
    });

    it('a late success after a cancellation is voided', () => {
      given(created, cancelled, debited).whenFollowed.thenCommands(requestVoid, clearOrder);
    });

    it('a debit after its failure was reported is voided', () => {
      given(created, failed, debited).whenFollowed.thenCommands(requestVoid, clearOrder);
    });

    it('a void that was asked for covers the debit that it overtook', () => {
      given(created, cancelled, voidRequested, debited).whenFollowed.thenCommands(
        set('void'),
        clearOrder,
      );
    });

    it('what was voided is not voided again', () => {
      given(created, debited, cancelled, voidRequested, voided).whenFollowed.thenCommands(clearAll);
      given(created, cancelled, voidRequested, voided, debited).whenFollowed.thenCommands(clearAll);
    });

    it('a failure reported after the debit changes nothing: the review is awaited', () => {
      given(created, debited, failed).whenFollowed.thenCommands(set('review'), clear('payment'));
    });

    it('money that was taken for an order which is not there goes back', () => {
      given(debited).whenFollowed.thenCommands(requestVoid);
      given(debited, voidRequested).whenFollowed.thenCommands(set('void'));
      given(debited, voidRequested, voided).whenFollowed.thenCommands(clear('void'));
    });

    it('of an order that is not there, and for which none was taken, nothing is asked', () => {
      given(failed).whenFollowed.thenCommands();
      given(approved).whenFollowed.thenCommands();
    });

    it('a void that was asked for has a deadline until it is answered', () => {
      given(created, debited, rejected, voidRequested).whenFollowed.thenCommands(
        set('void'),
        clearOrder,
      );
    });

    it('a payment recorded before its order still counts', () => {
      given(debited, created).whenFollowed.thenCommands(set('review'), clear('payment'));
      given(failed, created).whenFollowed.thenCommands(clearOrder);
    });
  });

  describe('deadlines', () => {
    it('an order that stands where the deadline says is cancelled, with the reason', () => {
      given(created).whenDue('payment').thenCommands(cancel('payment_deadline'), clear('payment'));
      given(created, debited)
        .whenDue('review')
        .thenCommands(cancel('review_deadline'), clear('review'));
    });

    it('an order that was paid meanwhile is not cancelled for its payment', () => {
      given(created, debited).whenDue('payment').thenCommands(clear('payment'));
    });

    it('a review’s deadline does not end an order that is not paid', () => {
      given(created).whenDue('review').thenCommands(clear('review'));
    });

    it('an order that ended well stays as it is', () => {
      given(created, debited, approved).whenDue('review').thenCommands(clearOrder);
      given(created, debited, approved).whenDue('payment').thenCommands(clearOrder);
    });

    it('an order that ended otherwise stays so, and its void is asked for where nobody did', () => {
      given(created, debited, rejected).whenDue('review').thenCommands(requestVoid, clearOrder);
      given(created, cancelled, voidRequested)
        .whenDue('payment')
        .thenCommands(set('void'), clearOrder);
      given(created, failed).whenDue('payment').thenCommands(clearOrder);
    });

    it('a void that nobody answered is asked for again, and keeps its deadline', () => {
      for (const history of [[created, debited, rejected], [created, cancelled], [debited]]) {
        given(...history, voidRequested)
          .whenDue('void')
          .thenCommands(askAgain, set('void'));
      }
    });

    it('a void that was answered is not asked for again', () => {
      given(created, debited, rejected, voidRequested, voided)
        .whenDue('void')
        .thenCommands(clearAll);
    });

    it('money that was taken for an order which is not there goes back, where nobody asked', () => {
      given(debited).whenDue('payment').thenCommands(requestVoid);
    });

    it('of an order that is not known the deadline goes', () => {
      given().whenDue('payment').thenCommands(clear('payment'));
    });
  });

  it('its kinds of deadlines are frozen: rows and event ids are made of them', () => {
    assert.deepEqual(deadlineKinds, ['payment', 'review', 'void']);
  });
});
