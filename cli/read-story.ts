import { orderEventCodec } from '../shared/contracts/events.ts';
import { durables, orderAggregate } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { type Setting, type Story, tell } from '../shared/story/story.ts';
import { currencyOfLog } from './currency.ts';
import { withEventStore } from './event-store.ts';

/** The most dead letters of an order that are shown; an order with more has bigger problems. */
const MAX_LETTERS = 100;

/**
 * The current story of an order in the event store at `address`. Rejects with `not_found` if
 * there is no such order.
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
    // Far more than an order has.
    const eventIds = events.slice(0, 1_000).map(({ eventId }) => eventId);
    const letters = await store.deadLetters(ctx, { eventIds, limit: MAX_LETTERS });
    const [payment, review] = await Promise.all(
      [durables.payment, durables.review].map((consumer) => store.getCheckpoint(ctx, consumer)),
    );
    const delivered = payment && review && { payment: payment.delivered, review: review.delivered };
    return tell(events, letters, { ...setting, delivered, now: new Date() });
  });
}
