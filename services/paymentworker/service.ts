import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import {
  type OrderDetails,
  type OrderEvent,
  orderDecider,
  type PaymentStatus,
} from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { metadataOf } from '../../shared/eventstore/metadata.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import type { DebitAnswer, PaymentGateway } from './gateway/payment-gateway.ts';
import { debitKey, voidKey } from './keys.ts';

/** An order that waits for its payment. */
export interface PaymentRequest {
  /** Id of the event that created the order. */
  readonly causeId: string;
  readonly order: OrderDetails;
  /** It may have been answered before. */
  readonly mayBeRepeat: boolean;
}

/** An order whose payment is to be undone. */
export interface VoidRequest {
  /** Id of the event that asks for the void. */
  readonly causeId: string;
  readonly orderId: string;
}

/** What came of it: the gateway's answer, or that the log has one already, or has asked for the void. */
export type PaymentResult = DebitAnswer['outcome'] | 'answered before' | 'void requested';

/** What came of it: money was given back, or none was taken and none will be, or the log has the answer already. */
export type VoidResult = 'voided' | 'nothing to void' | 'answered before';

/** Takes the money for orders, and gives it back. */
export interface PaymentService {
  /**
   * Debits the order's amount and appends the answer, `paymentdebited` or
   * `paymentfailed`, whatever has become of the order meanwhile: it is a fact.
   * May be called again; the customer pays once and the answer is appended once.
   * Rejects with what the gateway and the event store reject with.
   */
  pay(ctx: Context, request: PaymentRequest): Promise<PaymentResult>;
  /**
   * Voids the order's payment and appends the answer, `paymentvoided`. From then
   * on the order's debit is refused, should it not have come yet. May be called
   * again; money is given back once and the answer is appended once. Rejects as
   * `pay` does.
   */
  voidPayment(ctx: Context, request: VoidRequest): Promise<VoidResult>;
}

/** Frozen: the log knows answers by ids made of it. */
const ANSWER = 'answer';

export function createPaymentService(
  store: AggregateStore,
  gateway: PaymentGateway,
  codec: OrderEventCodec,
): PaymentService {
  /** How the order's payment stands, which event it was begun by, and which asked for its void first. */
  async function look(ctx: Context, orderId: string) {
    const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
    const first = (type: string) => recorded.find(({ eventType }) => eventType === type)?.eventId;
    return {
      payment: foldRecorded(orderDecider, codec, recorded).payment,
      begunBy: first(eventTypes.created),
      voidAskedBy: first(eventTypes.voidrequested),
    };
  }

  /** False: our own answer was given earlier in other words (by another release, say), and stands. */
  async function appended(
    ctx: Context,
    causeId: string,
    fact: Extract<OrderEvent, { orderId: string }>,
    isAnswer: (payment: PaymentStatus) => boolean,
  ): Promise<boolean> {
    try {
      const answer = {
        eventId: derivedId(durables.payment, causeId, ANSWER),
        aggregateId: fact.orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: metadataOf(ctx),
        ...codec.encode(fact),
      };
      await store.append(ctx, { events: [answer], lane: 'answers' });
      return true;
    } catch (error) {
      if (!isKind(error, 'already_exists')) throw error;
      if (!isAnswer((await look(ctx, fact.orderId)).payment)) throw error;
      return false;
    }
  }

  return {
    async pay(ctx, { causeId, order, mayBeRepeat }) {
      const { orderId, customerId, amount } = order;
      if (mayBeRepeat) {
        // Gateways forget idempotency keys after a while; the log does not.
        const { payment, begunBy } = await look(ctx, orderId);
        // Begun by another event, it is that one which is paid for.
        if (begunBy !== causeId) return 'answered before';
        // A first delivery does without this read: should the void have overtaken it,
        // the gateway's tombstone refuses the debit.
        if (payment === 'void_requested' || payment === 'voided') return 'void requested';
        if (payment !== 'none') return 'answered before';
      }
      // What an earlier attempt came to may be unknown. Asking again with the same key
      // finds out, before anything else is done; also for an order that has ended
      // meanwhile, for a debit that happened is to be in the log.
      const answer = await gateway.debit(ctx, {
        idempotencyKey: debitKey(orderId),
        orderId,
        customerId,
        amount,
      });
      const isNew = await appended(
        ctx,
        causeId,
        answer.outcome === 'debited'
          ? { type: 'paymentdebited', orderId, customerId, amount, paymentId: answer.paymentId }
          : { type: 'paymentfailed', orderId, reason: answer.reason },
        (payment) => payment !== 'none',
      );
      return isNew ? answer.outcome : 'answered before';
    },

    async voidPayment(ctx, request) {
      const { orderId } = request;
      // Also a first delivery may be of a request that was made once more: all of an
      // order's requests have one answer, the first one's.
      const { payment, voidAskedBy: causeId = request.causeId } = await look(ctx, orderId);
      if (payment === 'voided') return 'answered before';
      const { paymentId } = await gateway.void(ctx, {
        idempotencyKey: voidKey(causeId),
        orderId,
      });
      const isNew = await appended(
        ctx,
        causeId,
        { type: 'paymentvoided', orderId, paymentId },
        (payment) => payment === 'voided',
      );
      if (!isNew) return 'answered before';
      return paymentId === '' ? 'nothing to void' : 'voided';
    },
  };
}
