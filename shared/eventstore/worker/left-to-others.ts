import type { Delivery } from '../../kit/delivery.ts';
import type { Endpoint } from '../../kit/endpoint.ts';
import { CodedError } from '../../kit/errors.ts';
import { type DeadLetterOptions, deadLetter } from '../../kit/middleware/dead-letter.ts';
import type { RecordedEvent } from '../event-store.ts';

/**
 * For an event that a process gets and does not answer: another release, which shares its
 * consumer, does. It is not done, so it is delivered again until a process of that release
 * gets it; if none does before the attempts are used up, it is parked for a replay.
 */
export function leftToOthers(
  options: Omit<DeadLetterOptions, 'insist'>,
): Endpoint<Delivery<RecordedEvent>, never> {
  return deadLetter(options)(async (_ctx, { body: { eventType } }: Delivery<RecordedEvent>) => {
    throw new CodedError(
      'precondition_failed',
      'type_not_answered',
      `This release of ${options.consumer} does not answer ${eventType}; another one does: start it, then replay this letter.`,
    );
  }) as Endpoint<Delivery<RecordedEvent>, never>;
}
