import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { derivedId } from '../../shared/contracts/ids.ts';
import { durables, ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { OrderDetails, OrderEvent } from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { metadataOf } from '../../shared/eventstore/metadata.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import type { DebitAnswer, PaymentGateway } from './payment-gateway.ts';

/** An order that waits for its payment. */
export interface PaymentRequest {
  /** Id of the event that created the order. */
  readonly causeId: string;
  readonly order: OrderDetails;
  /** It may have been answered before. */
  readonly mayBeRepeat: boolean;
}

/** What came of it: the gateway's answer, or that the log has one already. */
export type PaymentResult = DebitAnswer['outcome'] | 'answered before';

/** Takes the money for orders. */
export interface PaymentService {
  /**
   * Debits the order's amount and appends the answer, `paymentdebited` or
   * `paymentfailed`, whatever has become of the order meanwhile: it is a fact.
   * May be called again; the customer pays once and the answer is appended once.
   * Rejects with what the gateway and the event store reject with.
   */
  pay(ctx: Context, request: PaymentRequest): Promise<PaymentResult>;
}

/** Frozen: gateways and the log know debits and answers by ids made of these. */
const purposes = { debit: 'debit', answer: 'answer' } as const;

export function createPaymentService(
  store: AggregateStore,
  gateway: PaymentGateway,
  codec: OrderEventCodec,
): PaymentService {
  /** The log has the answer, or the order was begun by another event, which is the one to be paid for. */
  async function isAnswered(ctx: Context, orderId: string, causeId: string): Promise<boolean> {
    const recorded = await store.readAggregate(ctx, ORDER_AGGREGATE, orderId);
    const begun = recorded.find(({ eventType }) => eventType === eventTypes.created);
    return begun?.eventId !== causeId || foldRecorded(codec, recorded).payment !== 'none';
  }

  return {
    async pay(ctx, { causeId, order, mayBeRepeat }) {
      const { orderId, customerId, amount } = order;
      // Gateways forget idempotency keys after a while; the log does not.
      if (mayBeRepeat && (await isAnswered(ctx, orderId, causeId))) return 'answered before';

      const answer = await gateway.debit(ctx, {
        // Of the order, not of the event: whoever says a second time that it was
        // created, it is paid for once.
        idempotencyKey: derivedId(durables.payment, orderId, purposes.debit),
        orderId,
        customerId,
        amount,
      });
      const fact: OrderEvent =
        answer.outcome === 'debited'
          ? { type: 'paymentdebited', orderId, customerId, amount, paymentId: answer.paymentId }
          : { type: 'paymentfailed', orderId, reason: answer.reason };
      try {
        await store.append(ctx, [
          {
            eventId: derivedId(durables.payment, causeId, purposes.answer),
            aggregateId: orderId,
            aggregateType: ORDER_AGGREGATE,
            metadata: metadataOf(ctx),
            ...codec.encode(fact),
          },
        ]);
        return answer.outcome;
      } catch (error) {
        // Our own answer, given earlier in other words (by another release, say).
        if (!isKind(error, 'already_exists') || !(await isAnswered(ctx, orderId, causeId)))
          throw error;
        return 'answered before';
      }
    },
  };
}
