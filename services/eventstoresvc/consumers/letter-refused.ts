import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import { CodedError } from '../../../shared/kit/errors.ts';

/** Why a request about a dead letter in the state `stands` was refused; undefined: there is no letter. */
export function letterRefused(
  stands: ParkedLetter | undefined,
  { consumer, position }: Pick<ParkedLetter, 'consumer' | 'position'>,
): CodedError {
  const which = `dead letter of ${consumer} at position ${position}`;
  switch (stands?.state) {
    case undefined:
      return new CodedError('not_found', 'letter_not_found', `There is no ${which}.`);
    case 'resolved':
      return new CodedError(
        'conflict',
        'letter_resolved',
        `The ${which} is already resolved: its event was processed.`,
      );
    case 'closed':
      return new CodedError(
        'conflict',
        'letter_closed',
        `The ${which} is closed: ${stands.closeReason}`,
      );
    case 'parked':
    case 'requested':
      return new CodedError(
        'conflict',
        'letter_being_replayed',
        `The ${which} is being processed right now; try again in a minute.`,
      );
  }
}
