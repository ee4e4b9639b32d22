import type { DeadLetter } from '../../../proto/gen/eventstore.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import { deadLetterToWire } from '../../../shared/eventstore/grpc/wire.ts';

/** Largest list in a message, in bytes. */
const LIST_BYTES = 3.5 * 1024 * 1024;
/** Lengths in characters to which long texts are cut in a large list, so that any thousand letters fit. */
const CUT = { lastError: 300, closeReason: 200 };

/**
 * Letters to fit one message. If they are too large, each `lastError` and
 * `closeReason` is cut; a letter requested alone has the full texts. No letter is
 * left out, because a letter taken for replay is already leased.
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

/** Approximate size of a letter in a message, in bytes. */
function sizeOf(letter: ParkedLetter): number {
  const { consumer, eventId, reason, lastError, traceparent, closeReason } = letter;
  let bytes = 160;
  for (const text of [consumer, eventId, reason, lastError, traceparent, closeReason]) {
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}
