import { CodedError } from '../../kit/errors.ts';
import type { LetterState, LetterStore, ParkedLetter } from '../dead-letters.ts';
import { REPLAY_LEASE_MS, REPLAY_TAKES } from '../dead-letters.ts';

/** A letter and its holder: the real store has columns of the same names. */
interface Row {
  letter: Omit<ParkedLetter, 'state'>;
  /** Milliseconds since the epoch. */
  leasedUntil: number;
  /** When the current replay was requested. */
  takes: number;
}

/** Dead letters in memory, with `now` for the database's clock. */
export function memoryDeadLetters(now: () => Date): LetterStore {
  const rows = new Map<string, Row>();
  const key = (consumer: string, position: bigint) => `${consumer}\n${position}`;
  const leased = (row: Row) => row.leasedUntil > now().getTime();
  const byPosition = () =>
    [...rows.values()].sort((a, b) => (isBehind(a.letter, b.letter) ? 1 : -1));
  const seen = (row: Row): ParkedLetter => ({ ...row.letter, state: state(row) });

  function state(row: Row): LetterState {
    if (row.letter.closedAt !== undefined) return 'closed';
    if (row.letter.resolvedAt !== undefined) return 'resolved';
    const live = row.takes < REPLAY_TAKES || leased(row);
    return row.letter.replayRequestedAt !== undefined && live ? 'requested' : 'parked';
  }

  /** The row, unless it is resolved or closed. */
  function open(consumer: string, position: bigint): Row {
    const row = rows.get(key(consumer, position));
    if (row === undefined) {
      throw new CodedError('not_found', 'letter_not_found', 'There is no such dead letter.');
    }
    if (row.letter.resolvedAt !== undefined) {
      throw new CodedError('conflict', 'letter_resolved', 'The dead letter is resolved.');
    }
    return row;
  }

  return {
    park: async (_ctx, letter) => {
      const known = rows.get(key(letter.consumer, letter.position));
      if (known?.letter.closedAt !== undefined) return;
      if (known?.letter.resolvedAt === undefined && known?.takes === 0) return;
      rows.set(key(letter.consumer, letter.position), {
        letter: {
          ...letter,
          parkedAt: known?.letter.parkedAt ?? now(),
          replays: known?.letter.replays ?? 0,
          replayRequestedAt: undefined,
          resolvedAt: undefined,
          closedAt: undefined,
          closeReason: '',
        },
        leasedUntil: 0,
        takes: 0,
      });
    },

    deadLetters: async (_ctx, { limit, ...filter }) =>
      byPosition()
        .map(seen)
        .filter(
          (letter) =>
            (filter.consumer ?? letter.consumer) === letter.consumer &&
            (filter.state ?? letter.state) === letter.state &&
            (filter.position ?? letter.position) === letter.position &&
            (!filter.eventIds?.length || filter.eventIds.includes(letter.eventId)) &&
            (filter.after === undefined || isBehind(letter, filter.after)),
        )
        .slice(0, limit),

    requestReplay: async (_ctx, { consumer, position }) => {
      const row = open(consumer, position);
      const was = state(row);
      if (was === 'closed') {
        throw new CodedError('conflict', 'letter_closed', 'The dead letter is closed.');
      }
      if (was === 'parked') {
        row.letter = { ...row.letter, replayRequestedAt: now() };
        row.leasedUntil = 0;
        row.takes = 0;
      }
      return seen(row);
    },

    takeReplays: async (_ctx, { consumer, limit }) => {
      const due = byPosition().filter(
        (row) =>
          row.letter.consumer === consumer &&
          state(row) === 'requested' &&
          row.takes < REPLAY_TAKES &&
          !leased(row),
      );
      return due.slice(0, limit).map((row) => {
        row.letter = { ...row.letter, replays: row.letter.replays + 1 };
        row.leasedUntil = now().getTime() + REPLAY_LEASE_MS;
        row.takes++;
        return seen(row);
      });
    },

    resolveReplay: async (_ctx, { consumer, position }) => {
      const row = rows.get(key(consumer, position));
      if (row === undefined || ['resolved', 'closed'].includes(state(row))) return;
      row.letter = { ...row.letter, replayRequestedAt: undefined, resolvedAt: now() };
      row.leasedUntil = 0;
      row.takes = 0;
    },

    closeLetter: async (_ctx, { consumer, position, reason: closeReason }) => {
      const row = open(consumer, position);
      if (row.letter.closedAt !== undefined) return seen(row);
      if (leased(row)) {
        throw new CodedError('conflict', 'letter_being_replayed', 'The letter is being replayed.');
      }
      row.letter = { ...row.letter, replayRequestedAt: undefined, closedAt: now(), closeReason };
      row.takes = 0;
      return seen(row);
    },
  };
}

/** Whether `a` comes later in a list. */
function isBehind(
  a: Pick<ParkedLetter, 'position' | 'consumer'>,
  b: Pick<ParkedLetter, 'position' | 'consumer'>,
): boolean {
  return a.position === b.position ? a.consumer > b.consumer : a.position > b.position;
}
