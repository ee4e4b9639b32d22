import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { derivedId } from '../../shared/contracts/ids.ts';
import { durables, orderAggregate } from '../../shared/contracts/subjects.ts';
import { type Decision, decide, type OrderState } from '../../shared/domain/order.ts';
import {
  createOrderCommandHandler,
  foldRecorded,
  type Handled,
} from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { isKind } from '../../shared/kit/errors.ts';
import { type ReviewPolicy, review } from './review-policy.ts';

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
  const orders = createOrderCommandHandler(store, codec);

  function decideBy(state: OrderState): Decision {
    if (state.details === undefined) {
      return { accepted: false, code: 'order_not_found', message: 'There is no such order.' };
    }
    const command = review(policy, state.details);
    return command === undefined ? { accepted: true, events: [] } : decide(command, state);
  }

  return {
    async review(ctx, { orderId, causeId }) {
      try {
        const handled = await orders.handle(ctx, {
          orderId,
          kind: 'decision',
          decide: decideBy,
          eventId: () => derivedId(durables.review, causeId, ANSWER),
        });
        return resultOf(handled);
      } catch (error) {
        // Our own answer, given earlier in other words (under another policy, say).
        if (!isKind(error, 'already_exists')) throw error;
        const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
        const { status } = foldRecorded(codec, recorded);
        if (status !== 'Approved' && status !== 'Rejected') throw error;
        return { outcome: 'decided before' };
      }
    },
  };
}

function resultOf({ decision, state }: Handled): ReviewResult {
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
