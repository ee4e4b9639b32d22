/** Dead letters in a world: giving up messages, and replaying them. */
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Middleware } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { noMeter } from '../../shared/kit/metrics/meter.ts';
import { deadLetter } from '../../shared/kit/middleware/dead-letter.ts';
import type { Faults } from './faults.ts';

type Letters = Pick<
  EventStore,
  'park' | 'deadLetters' | 'requestReplay' | 'takeReplays' | 'resolveReplay'
>;

/** As in the workers' onions: the layer that parks. */
export const parking = (
  consumer: string,
  letters: Letters,
  insist: boolean,
): Middleware<Delivery> =>
  deadLetter({
    consumer,
    park: (ctx, letter) => letters.park(ctx, letter),
    insist,
    logger: silentLogger,
    meter: noMeter,
  });

/** An operator asks for all that is parked. */
export async function askForReplays(letters: Letters, { tell }: Faults): Promise<void> {
  const ctx = background('operator');
  for (const { consumer, position } of await letters.deadLetters(ctx, {
    state: 'parked',
    limit: 1_000,
  })) {
    tell(`operator: replay ${consumer} ${position}`);
    await letters.requestReplay(ctx, { consumer, position });
  }
}

/** `consumer` serves once more what it was asked to. */
export async function serveReplays(
  consumer: string,
  handler: (delivery: Delivery<RecordedEvent>) => Promise<unknown>,
  letters: Letters,
  log: readonly RecordedEvent[],
  { tell }: Faults,
): Promise<void> {
  const ctx = background('replay');
  // Lost on the way, they are handed out again when their lease is over.
  const taken = await letters.takeReplays(ctx, { consumer, limit: 10 }).catch(() => []);
  for (const { position, eventId, deliveries } of taken) {
    const body = log[Number(position) - 1];
    if (body === undefined) throw new Error(`The letter at ${position} is of no event.`);
    tell(`${consumer} <- replay of ${position}`);
    try {
      await handler({
        body,
        messageId: eventId,
        sequence: position,
        deliveries: deliveries + 1,
        last: true,
        mayBeRepeat: true,
        traceparent: '',
      });
      await letters.resolveReplay(ctx, { consumer, position });
    } catch (error) {
      // Parked once more, or lost: the lease runs out and it is handed out again.
      if (!(error instanceof CodedError)) throw error;
      tell(`  replay of ${position} failed: ${error.code}`);
    }
  }
}
