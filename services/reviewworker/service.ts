import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import {
  type OrderCommand,
  type OrderEvent,
  type OrderState,
  orderDecider,
} from '../../shared/domain/order.ts';
import { commandHandler, type Handled } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { mustHave } from '../../shared/eventstore/reading/lost-event.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import { APPROVE, type ReviewPolicy, review } from './review-policy.ts';

/** A paid order that waits for its review. */
export interface ReviewRequest {
  readonly orderId: string;
  /** Id of the event that marks it as paid. */
  readonly causeId: string;
}

/** The outcome of a review. */
export type ReviewResult =
  | { readonly outcome: 'approved' }
  | { readonly outcome: 'rejected'; readonly reason: string }
  /** The restaurant decides, or the deadline. */
  | { readonly outcome: 'left to the restaurant' }
  /** A decision was already made, perhaps by this worker. */
  | { readonly outcome: 'decided before' }
  /** The order does not allow the decision (any more); nothing is left to do. */
  | { readonly outcome: 'refused'; readonly code: string };

/** Reviews orders by a policy. */
export interface ReviewService {
  /**
   * Approves or rejects a paid order, or leaves it to its restaurant. The decision is made
   * on the state that was read, and made again if the order has moved; a refusal is a
   * result, not an error. May be called again. Rejects as the event store does, and with
   * `unavailable` (code `event_lost`) if the log has lost the event that asked.
   */
  review(ctx: Context, request: ReviewRequest): Promise<ReviewResult>;
}

/** Frozen: part of the ids of answers in the log. */
const ANSWER = 'answer';

export function createReviewService(
  store: AggregateStore,
  policy: ReviewPolicy,
  codec: OrderEventCodec,
): ReviewService {
  const orders = commandHandler({
    decider: orderDecider,
    codec,
    aggregateType: ORDER_AGGREGATE,
    store,
  });

  /** An order that does not exist refuses any command, so it needs no review. */
  const answer = ({ details }: OrderState): OrderCommand | undefined =>
    details === undefined ? APPROVE : review(policy, details);

  return {
    async review(ctx, { orderId, causeId }) {
      const eventId = derivedId(durables.review, causeId, ANSWER);
      let seen: readonly RecordedEvent[] = [];
      try {
        const handled = await orders.handle(ctx, {
          aggregateId: orderId,
          kind: 'decision',
          command: (state, recorded) => {
            seen = recorded;
            return answer(state);
          },
          eventId: () => eventId,
        });
        // Without an answer of ours the log must say why: an order that it has lost refuses all.
        if (handled.appended === undefined) mustHave(seen, causeId);
        return resultOf(handled);
      } catch (error) {
        // Our answer was already given in other words: under another policy, or by another
        // release, whose event may be of a type that this one does not know.
        if (!isKind(error, 'already_exists')) throw error;
        const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
        if (!recorded.some((event) => event.eventId === eventId)) throw error;
        return { outcome: 'decided before' };
      }
    },
  };
}

function resultOf({ decision, state }: Handled<OrderState, OrderEvent>): ReviewResult {
  if (!decision.accepted) return { outcome: 'refused', code: decision.code };
  const [event] = decision.events;
  switch (event?.type) {
    case 'approved':
      return { outcome: 'approved' };
    case 'rejected':
      return { outcome: 'rejected', reason: event.reason };
    default:
      return { outcome: state.status === 'Paid' ? 'left to the restaurant' : 'decided before' };
  }
}
