import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { fold, type OrderEvent } from '../../../shared/domain/order.ts';
import { minor } from '../../../shared/money/money.ts';
import type { Trigger } from '../../../shared/process-manager/process.ts';
import { stepOf } from '../../../shared/process-manager/step.ts';
import { orderProcess } from './order-process.ts';
import { type DeadlineKind, deadlineKinds, type SagaCommand } from './saga.ts';

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

/** What a look at the order leads to. */
type Step =
  | SagaCommand
  | { readonly type: 'setDeadline'; readonly kind: DeadlineKind }
  | { readonly type: 'clearDeadlines'; readonly kinds: readonly DeadlineKind[] };

const set = (kind: DeadlineKind): Step => ({ type: 'setDeadline', kind });
const clear = (...kinds: DeadlineKind[]): Step => ({ type: 'clearDeadlines', kinds });
const clearOrder = clear('payment', 'review');
const clearAll = clear('payment', 'review', 'void');
const requestVoid: SagaCommand = { type: 'requestVoid', orderId, again: false };
const askAgain: SagaCommand = { type: 'requestVoid', orderId, again: true };
const cancel = (why: string): SagaCommand => ({
  type: 'cancel',
  decidedBy: 'saga-coordinator',
  reason: why,
});

const saga = orderProcess({ payment: 1, review: 1, void: 1, ceiling: 1 }, orderEventCodec(2));

function steps(history: readonly OrderEvent[], trigger: Trigger<DeadlineKind>): readonly Step[] {
  const order = fold(history);
  const { command, clears } = stepOf(saga, order, trigger, orderId);
  return [
    ...(command === undefined ? [] : [command]),
    ...(trigger.type === 'event' ? saga.awaited(order).map(set) : []),
    ...(clears.length > 0 ? [clear(...clears)] : []),
  ];
}

/** What has happened, what makes us look, and what it must come to. */
function given(...history: OrderEvent[]) {
  const when = (trigger: Trigger<DeadlineKind>) => ({
    thenSteps: (...wanted: Step[]) => assert.deepEqual(steps(history, trigger), wanted),
  });
  return {
    whenFollowed: when({ type: 'event' }),
    whenDue: (kind: DeadlineKind) => when({ type: 'deadline', kind }),
  };
}

describe('saga', () => {
  describe('following events', () => {
    it('a pending order has a deadline for its payment', () => {
      given(created).whenFollowed.thenSteps(set('payment'));
    });

    it('what is heard of a pending order late does not clear what it waits for by now', () => {
      assert.deepEqual(saga.passed(fold([created])), []);
    });

    it('a paid order has a deadline for its review, and none for its payment', () => {
      given(created, debited).whenFollowed.thenSteps(set('review'), clear('payment'));
    });

    it('an approved order has no deadline, and keeps its payment', () => {
      given(created, debited, approved).whenFollowed.thenSteps(clearOrder);
    });

    it('a payment that failed needs no void', () => {
      given(created, failed).whenFollowed.thenSteps(clearOrder);
    });

    it('a rejected order gets its money back', () => {
      given(created, debited, rejected).whenFollowed.thenSteps(requestVoid, clearOrder);
    });

    it('a cancelled order gets its money back', () => {
      given(created, debited, cancelled).whenFollowed.thenSteps(requestVoid, clearOrder);
    });

    it('a void is asked for also when no debit is known', () => {
      given(created, cancelled).whenFollowed.thenSteps(requestVoid, clearOrder);
    });

    it('a payment that failed after the cancellation needs no void', () => {
      given(created, cancelled, failed).whenFollowed.thenSteps(clearOrder);
    });

    it('a late success after a cancellation is voided', () => {
      given(created, cancelled, debited).whenFollowed.thenSteps(requestVoid, clearOrder);
    });

    it('a debit after its failure was reported is voided', () => {
      given(created, failed, debited).whenFollowed.thenSteps(requestVoid, clearOrder);
    });

    it('a void that was asked for covers the debit that it overtook', () => {
      given(created, cancelled, voidRequested, debited).whenFollowed.thenSteps(
        set('void'),
        clearOrder,
      );
    });

    it('what was voided is not voided again', () => {
      given(created, debited, cancelled, voidRequested, voided).whenFollowed.thenSteps(clearAll);
      given(created, cancelled, voidRequested, voided, debited).whenFollowed.thenSteps(clearAll);
    });

    it('a failure reported after the debit changes nothing: the review is awaited', () => {
      given(created, debited, failed).whenFollowed.thenSteps(set('review'), clear('payment'));
    });

    it('money that was taken for an order which is not there goes back', () => {
      given(debited).whenFollowed.thenSteps(requestVoid);
      given(debited, voidRequested).whenFollowed.thenSteps(set('void'));
      given(debited, voidRequested, voided).whenFollowed.thenSteps(clear('void'));
    });

    it('of an order that is not there, and for which none was taken, nothing is asked', () => {
      given(failed).whenFollowed.thenSteps();
      given(approved).whenFollowed.thenSteps();
    });

    it('a void that was asked for has a deadline until it is answered', () => {
      given(created, debited, rejected, voidRequested).whenFollowed.thenSteps(
        set('void'),
        clearOrder,
      );
    });

    it('a payment recorded before its order still counts', () => {
      given(debited, created).whenFollowed.thenSteps(set('review'), clear('payment'));
      given(failed, created).whenFollowed.thenSteps(clearOrder);
    });
  });

  describe('deadlines', () => {
    it('an order that stands where the deadline says is cancelled, with the reason', () => {
      given(created).whenDue('payment').thenSteps(cancel('payment_deadline'), clear('payment'));
      given(created, debited)
        .whenDue('review')
        .thenSteps(cancel('review_deadline'), clear('review'));
    });

    it('an order that was paid meanwhile is not cancelled for its payment', () => {
      given(created, debited).whenDue('payment').thenSteps(clear('payment'));
    });

    it('a review’s deadline does not end an order that is not paid', () => {
      given(created).whenDue('review').thenSteps(clear('review'));
    });

    it('an order that ended well stays as it is', () => {
      given(created, debited, approved).whenDue('review').thenSteps(clearOrder);
      given(created, debited, approved).whenDue('payment').thenSteps(clearOrder);
    });

    it('an order that ended otherwise stays so, and its void is asked for where nobody did', () => {
      given(created, debited, rejected).whenDue('review').thenSteps(requestVoid, clearOrder);
      given(created, cancelled, voidRequested).whenDue('payment').thenSteps(clearOrder);
      given(created, failed).whenDue('payment').thenSteps(clearOrder);
    });

    it('a void that nobody answered is asked for again, and keeps its deadline', () => {
      for (const history of [[created, debited, rejected], [created, cancelled], [debited]]) {
        given(...history, voidRequested)
          .whenDue('void')
          .thenSteps(askAgain);
      }
    });

    it('a void that was answered is not asked for again', () => {
      given(created, debited, rejected, voidRequested, voided).whenDue('void').thenSteps(clearAll);
    });

    it('money that was taken for an order which is not there goes back, where nobody asked', () => {
      given(debited).whenDue('payment').thenSteps(requestVoid);
    });

    it('of an order that is not known the deadline goes', () => {
      given().whenDue('payment').thenSteps(clear('payment'));
    });
  });

  it('its kinds of deadlines are frozen: rows and event ids are made of them', () => {
    assert.deepEqual(deadlineKinds, ['payment', 'review', 'void']);
  });
});
