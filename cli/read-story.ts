import { orderEventCodec } from '../shared/contracts/events.ts';
import { durables, orderAggregate } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { currencyOfLog } from './currency.ts';
import { withEventStore } from './event-store.ts';
import { type Setting, type Story, tell } from './story.ts';

/** Dead letters of an order that are told of; one that has more has other troubles. */
const MAX_LETTERS = 100;

/**
 * The story of an order as the event store at `address` has it now. Rejects with
 * `not_found` where there is no such order.
 */
export function readStory(
  orderId: string,
  address: string,
  place: Pick<Setting, 'deadlines' | 'zipkinUrl'>,
): Promise<Story> {
  return withEventStore(address, async (store) => {
    const ctx = background();
    const { decimals } = await currencyOfLog(store);
    const setting = { ...place, codec: orderEventCodec(decimals), decimals };
    const events = await store.readAggregate(ctx, orderAggregate(orderId));
    if (events.length === 0) {
      throw new CodedError('not_found', 'order_not_found', `There is no order ${orderId}.`);
    }
    // Far more than an order has: what is beyond has no letters of interest.
    const eventIds = events.slice(0, 1_000).map(({ eventId }) => eventId);
    const letters = await store.deadLetters(ctx, { eventIds, limit: MAX_LETTERS });
    const [payment, review] = await Promise.all(
      [durables.payment, durables.review].map((consumer) => store.getCheckpoint(ctx, consumer)),
    );
    const delivered = payment && review && { payment: payment.delivered, review: review.delivered };
    return tell(events, letters, { ...setting, delivered, now: new Date() });
  });
}
