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
import { mustHave } from '../../shared/eventstore/reading/lost-event.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import type { DebitAnswer, PaymentGateway } from './gateway/payment-gateway.ts';
import { debitKey, voidKey } from './keys.ts';

/** An order that waits for its payment. */
export interface PaymentRequest {
  /** Id of the event that created the order. */
  readonly causeId: string;
  readonly order: OrderDetails;
  /** The log may have an answer to it already. */
  readonly mayBeRepeat: boolean;
}

/** An order whose payment must be undone. */
export interface VoidRequest {
  /** Id of the event that requests the void. */
  readonly causeId: string;
  readonly orderId: string;
}

/** The gateway's answer, or that the log already has an answer or a request for the void. */
export type PaymentResult = DebitAnswer['outcome'] | 'answered before' | 'void requested';

/** Whether money was given back, none was taken and none will be, or the log already has the answer. */
export type VoidResult = 'voided' | 'nothing to void' | 'answered before';

/** Takes and gives back the money for orders. */
export interface PaymentService {
  /**
   * Debits the order's amount and appends the answer, `paymentdebited` or
   * `paymentfailed`. As a fact it is appended whatever has become of the order
   * meanwhile. May be called again; the customer pays once and the answer is appended
   * once. Rejects as the gateway and the event store do, and with `unavailable` (code
   * `event_lost`) where it finds that the log has lost the event that asked.
   */
  pay(ctx: Context, request: PaymentRequest): Promise<PaymentResult>;
  /**
   * Voids the order's payment and appends the answer, `paymentvoided`. From then on a
   * debit of the order that has not arrived yet is refused. May be called again; money is
   * given back once and the answer is appended once. Rejects as `pay` does.
   */
  voidPayment(ctx: Context, request: VoidRequest): Promise<VoidResult>;
}

/** Frozen: part of the ids of answers in the log. */
const ANSWER = 'answer';

export function createPaymentService(
  store: AggregateStore,
  gateway: PaymentGateway,
  codec: OrderEventCodec,
): PaymentService {
  /** The state of the order's payment, the event that began it, and the one that first requested its void. `causeId`: the event that asks. */
  async function look(ctx: Context, orderId: string, causeId: string) {
    const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
    mustHave(recorded, causeId);
    const first = (type: string) => recorded.find(({ eventType }) => eventType === type)?.eventId;
    return {
      payment: foldRecorded(orderDecider, codec, recorded).payment,
      begunBy: first(eventTypes.created),
      voidAskedBy: first(eventTypes.voidrequested),
    };
  }

  /** False: our answer was already given in other words (by another release, say), and stands. */
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
        // It answers the first of several, and by this its id can be checked.
        metadata: { ...metadataOf(ctx), causation_id: causeId },
        ...codec.encode(fact),
      };
      await store.append(ctx, { events: [answer], lane: 'answers' });
      return true;
    } catch (error) {
      if (!isKind(error, 'already_exists')) throw error;
      if (!isAnswer((await look(ctx, fact.orderId, causeId)).payment)) throw error;
      return false;
    }
  }

  return {
    async pay(ctx, { causeId, order, mayBeRepeat }) {
      const { orderId, customerId, amount } = order;
      if (mayBeRepeat) {
        // Gateways forget idempotency keys after a while; the log does not.
        const { payment, begunBy } = await look(ctx, orderId, causeId);
        // Another event began the order, and the payment is for that one.
        if (begunBy !== causeId) return 'answered before';
        // A first delivery skips this read: if the void overtook it, the gateway's tombstone
        // refuses the debit.
        if (payment === 'void_requested' || payment === 'voided') return 'void requested';
        if (payment !== 'none') return 'answered before';
      }
      // The outcome of an earlier attempt may be unknown. Asking again with the same key
      // finds it out first, even for an order that has ended meanwhile: a debit that
      // happened must be in the log.
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
      // Even a first delivery may repeat a request: all requests of an order share the
      // first one's answer.
      const { payment, voidAskedBy } = await look(ctx, orderId, request.causeId);
      const causeId = voidAskedBy ?? request.causeId;
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
