import type { DeadLetter } from '../../../proto/gen/eventstore.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import { deadLetterToWire } from '../../../shared/eventstore/grpc/wire.ts';

/** What a list may take of a message. */
const LIST_BYTES = 3.5 * 1024 * 1024;
/** Of the long texts, in characters, where the list would be larger: a thousand letters then fit, whatever is in them. */
const CUT = { lastError: 300, closeReason: 200 };

/**
 * Letters as one message holds them. Where they would be too large for it, each
 * tells only the beginning of its last error, and of why it was closed; a letter that is asked for alone
 * tells all. None is left out, for what is taken for a replay is taken.
 */
export function lettersToWire(letters: readonly ParkedLetter[]): DeadLetter[] {
  const bytes = letters.reduce((sum, letter) => sum + sizeOf(letter), 0);
  if (bytes <= LIST_BYTES) return letters.map(deadLetterToWire);
  return letters.map((letter) =>
    deadLetterToWire({
      ...letter,
      lastError: letter.lastError.slice(0, CUT.lastError).toWellFormed(),
      closeReason: letter.closeReason.slice(0, CUT.closeReason).toWellFormed(),
    }),
  );
}

/** Nearly what a letter takes in a message, in bytes. */
function sizeOf(letter: ParkedLetter): number {
  const { consumer, eventId, reason, lastError, traceparent, closeReason } = letter;
  let bytes = 160;
  for (const text of [consumer, eventId, reason, lastError, traceparent, closeReason]) {
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}
