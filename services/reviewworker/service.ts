import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import {
  type OrderCommand,
  type OrderEvent,
  type OrderState,
  orderDecider,
} from '../../shared/domain/order.ts';
import {
  commandHandler,
  foldRecorded,
  type Handled,
} from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import { APPROVE, type ReviewPolicy, review } from './review-policy.ts';

/** A paid order that waits for its review. */
export interface ReviewRequest {
  readonly orderId: string;
  /** Id of the event that says it is paid. */
  readonly causeId: string;
}

/** What came of it. */
export type ReviewResult =
  | { readonly outcome: 'approved' }
  | { readonly outcome: 'rejected'; readonly reason: string }
  /** Not this worker's to decide: the restaurant does, or the deadline. */
  | { readonly outcome: 'left to the restaurant' }
  /** Somebody decided before, this worker included. */
  | { readonly outcome: 'decided before' }
  /** The order does not allow it (any more); nothing is left to do. */
  | { readonly outcome: 'refused'; readonly code: string };

/** Reviews orders by a policy. */
export interface ReviewService {
  /**
   * Approves or rejects a paid order, or leaves it to its restaurant. The
   * decision holds for the state that it saw, and is taken again when the order
   * has moved; a refusal is an answer. May be called again. Rejects with what the event store rejects with.
   */
  review(ctx: Context, request: ReviewRequest): Promise<ReviewResult>;
}

/** Frozen: the log knows answers by ids made of it. */
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

  /** An order that is not there refuses any answer. */
  const answer = ({ details }: OrderState): OrderCommand | undefined =>
    details === undefined ? APPROVE : review(policy, details);

  return {
    async review(ctx, { orderId, causeId }) {
      try {
        const handled = await orders.handle(ctx, {
          aggregateId: orderId,
          kind: 'decision',
          command: answer,
          eventId: () => derivedId(durables.review, causeId, ANSWER),
        });
        return resultOf(handled);
      } catch (error) {
        // Our own answer, given earlier in other words (under another policy, say).
        if (!isKind(error, 'already_exists')) throw error;
        const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
        const { status } = foldRecorded(orderDecider, codec, recorded);
        if (status !== 'Approved' && status !== 'Rejected') throw error;
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
