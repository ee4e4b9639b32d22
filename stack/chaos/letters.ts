import type { EventStore, ParkedLetter } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';

const MOST = 1_000;

/** What was parked of events that workers can read, and so should have served. */
export async function lettersWithoutCause(
  log: EventStore,
  poison: ReadonlySet<string>,
): Promise<readonly ParkedLetter[]> {
  const parked = await log.deadLetters(background(), { state: 'parked' }, MOST);
  return parked.filter(({ eventId }) => !poison.has(eventId));
}
