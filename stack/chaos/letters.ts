import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';

const MOST = 1_000;

/**
 * Parked events that workers can read, and so should have processed. Closes the letters of
 * poison, as an operator would.
 */
export async function lettersWithoutCause(
  log: EventStore,
  poison: ReadonlySet<string>,
): Promise<readonly ParkedLetter[]> {
  const parked = await log.deadLetters(background(), { state: 'parked', limit: MOST });
  for (const { consumer, position, eventId } of parked) {
    if (!poison.has(eventId)) continue;
    await log.closeLetter(background(), {
      consumer,
      position,
      reason: 'it was poison of make chaos',
    });
  }
  return parked.filter(({ eventId }) => !poison.has(eventId));
}
