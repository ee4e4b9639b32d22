import type { DeadLetter } from '../../proto/gen/eventstore.ts';
import type { ParkedLetter } from '../../shared/eventstore/event-store.ts';
import { deadLetterToWire } from '../../shared/eventstore/wire.ts';

/** What a list may take of a message. */
const LIST_BYTES = 3.5 * 1024 * 1024;
/** Of the last error, in characters, where the list would be larger: a thousand letters then fit, whatever is in them. */
const CUT = 500;

/**
 * Letters as one message holds them. Where they would be too large for it, each
 * tells only the beginning of its last error; a letter that is asked for alone
 * tells all. None is left out, for what is taken for a replay is taken.
 */
export function lettersToWire(letters: readonly ParkedLetter[]): DeadLetter[] {
  const bytes = letters.reduce((sum, letter) => sum + sizeOf(letter), 0);
  if (bytes <= LIST_BYTES) return letters.map(deadLetterToWire);
  return letters.map((letter) =>
    deadLetterToWire({ ...letter, lastError: letter.lastError.slice(0, CUT).toWellFormed() }),
  );
}

/** Nearly what a letter takes in a message, in bytes. */
function sizeOf({ consumer, eventId, reason, lastError, traceparent }: ParkedLetter): number {
  let bytes = 150;
  for (const text of [consumer, eventId, reason, lastError, traceparent]) {
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}
