/** Dead letters: which wait for a person, and whether they belong to this log. */

import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Findings } from './report.ts';

/** Compares letters with the log while the log is read. */
export interface LetterSweep {
  meet(event: RecordedEvent): void;
  /** The log was read up to `head`. */
  end(head: bigint): void;
  readonly parked: number;
}

/** A replay that was requested this long ago, plus the grace period, counts as waiting. */
export function sweepLetters(
  letters: readonly ParkedLetter[],
  graceMs: number,
  findings: Pick<Findings, 'add' | 'waits'>,
): LetterSweep {
  const waiting = Map.groupBy(letters, ({ position }) => position);
  const longAgo = Date.now() - graceMs;
  let parked = 0;
  for (const { consumer, position, eventId, reason, state, ...letter } of letters) {
    const name = `the letter of ${consumer} at position ${position} (event ${eventId})`;
    if (state === 'parked') {
      parked++;
      findings.waits(
        'dead letters',
        `${name} waits for a person since ${at(letter.parkedAt)}: ${reason}`,
      );
    } else if ((letter.replayRequestedAt?.getTime() ?? longAgo) < longAgo) {
      findings.waits(
        'dead letters',
        `${name} waits for its replay since ${at(letter.replayRequestedAt)}`,
      );
    }
  }
  const wrong = ({ consumer, position, eventId }: ParkedLetter, problem: string) =>
    findings.add(
      'dead letters',
      `the letter of ${consumer} at position ${position} is of the event ${eventId}, the log ${problem}`,
    );
  return {
    meet({ position, eventId }) {
      const here = waiting.get(position);
      if (here === undefined) return;
      waiting.delete(position);
      for (const letter of here) {
        if (letter.eventId !== eventId) wrong(letter, `has ${eventId} there`);
      }
    },
    end(head) {
      for (const letter of [...waiting.values()].flat()) {
        if (letter.position <= head) wrong(letter, 'has no event there');
        else wrong(letter, `ends at ${head}`);
      }
    },
    parked,
  };
}

const at = (date: Date | undefined): string => date?.toISOString() ?? '';
