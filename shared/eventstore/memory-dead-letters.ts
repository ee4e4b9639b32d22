import { CodedError } from '../kit/errors.ts';
import type { EventStore, LetterState, ParkedLetter } from './event-store.ts';
import { REPLAY_LEASE_MS, REPLAY_TAKES } from './replay-lease.ts';

/** A letter and who has it: what the real store keeps in columns of the same names. */
interface Row {
  letter: Omit<ParkedLetter, 'state'>;
  /** Milliseconds since the epoch. */
  leasedUntil: number;
  /** Of the replay that is asked for. */
  takes: number;
}

/** Dead letters in memory, with `now` for the database's clock. */
export function memoryDeadLetters(
  now: () => Date,
): Pick<EventStore, 'park' | 'deadLetters' | 'requestReplay' | 'takeReplays' | 'resolveReplay'> {
  const rows = new Map<string, Row>();
  const key = (consumer: string, position: bigint) => `${consumer}\n${position}`;
  const leased = (row: Row) => row.leasedUntil > now().getTime();
  const byPosition = () =>
    [...rows.values()].sort((a, b) => Number(a.letter.position - b.letter.position));
  const seen = (row: Row): ParkedLetter => ({ ...row.letter, state: state(row) });

  function state(row: Row): LetterState {
    if (row.letter.resolvedAt !== undefined) return 'resolved';
    const live = row.takes < REPLAY_TAKES || leased(row);
    return row.letter.replayRequestedAt !== undefined && live ? 'requested' : 'parked';
  }

  return {
    park: async (_ctx, letter) => {
      const known = rows.get(key(letter.consumer, letter.position));
      if (known?.letter.resolvedAt === undefined && known?.takes === 0) return;
      rows.set(key(letter.consumer, letter.position), {
        letter: {
          ...letter,
          parkedAt: known?.letter.parkedAt ?? now(),
          replays: known?.letter.replays ?? 0,
          replayRequestedAt: undefined,
          resolvedAt: undefined,
        },
        leasedUntil: 0,
        takes: 0,
      });
    },

    deadLetters: async (_ctx, filter, limit) =>
      byPosition()
        .map(seen)
        .filter(
          (letter) =>
            (filter.consumer ?? letter.consumer) === letter.consumer &&
            (filter.state ?? letter.state) === letter.state &&
            (filter.position ?? letter.position) === letter.position &&
            (!filter.eventIds?.length || filter.eventIds.includes(letter.eventId)),
        )
        .slice(0, limit),

    requestReplay: async (_ctx, consumer, position) => {
      const row = rows.get(key(consumer, position));
      if (row === undefined) {
        throw new CodedError('not_found', 'letter_not_found', 'There is no such dead letter.');
      }
      const was = state(row);
      if (was === 'resolved') {
        throw new CodedError('conflict', 'letter_resolved', 'The dead letter is resolved.');
      }
      if (was === 'parked') {
        row.letter = { ...row.letter, replayRequestedAt: now() };
        row.leasedUntil = 0;
        row.takes = 0;
      }
      return seen(row);
    },

    takeReplays: async (_ctx, consumer, limit) => {
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

    resolveReplay: async (_ctx, consumer, position) => {
      const row = rows.get(key(consumer, position));
      if (row === undefined || row.letter.resolvedAt !== undefined) return;
      row.letter = { ...row.letter, replayRequestedAt: undefined, resolvedAt: now() };
      row.leasedUntil = 0;
      row.takes = 0;
    },
  };
}
