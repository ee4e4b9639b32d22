/** `orders explain`: an order's story. */
import type { Command } from 'commander';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { withEventStore } from './event-store.ts';
import { terminalPaint } from './paint.ts';
import { renderStory } from './render-story.ts';
import {
  type CommonOptions,
  currencyDecimals,
  deadlines,
  eventStoreAddress,
  withOptions,
  zipkinUrl,
} from './settings.ts';
import { type Story, tell } from './story.ts';

/** Dead letters of an order that are told of; one that has more has other troubles. */
const MAX_LETTERS = 100;

export function addExplainCommand(program: Command): void {
  withOptions(program.command('explain'), 'eventStore', 'json')
    .description(
      'tell what happened to an order, what it waits for and what happens then. ' +
        'Deadlines are as configured here: PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS',
    )
    .argument('<order id>')
    .action(async (id: string, options: CommonOptions) => {
      const story = await storyOf(id, eventStoreAddress(options));
      console.log(options.json ? JSON.stringify(story) : renderStory(story, terminalPaint));
    });
}

function storyOf(orderId: string, address: string): Promise<Story> {
  const decimals = currencyDecimals();
  const setting = {
    codec: orderEventCodec(decimals),
    decimals,
    deadlines: deadlines(),
    zipkinUrl: zipkinUrl(),
  };
  return withEventStore(address, async (store) => {
    const ctx = background();
    const events = await store.readAggregate(ctx, ORDER_AGGREGATE, orderId);
    if (events.length === 0) {
      throw new CodedError('not_found', 'order_not_found', `There is no order ${orderId}.`);
    }
    // Far more than an order has: what is beyond has no letters of interest.
    const eventIds = events.slice(0, 1_000).map(({ eventId }) => eventId);
    const letters = await store.deadLetters(ctx, { eventIds }, MAX_LETTERS);
    return tell(events, letters, { ...setting, now: new Date() });
  });
}
