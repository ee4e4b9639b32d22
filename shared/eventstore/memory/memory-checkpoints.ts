import { CodedError } from '../../kit/errors.ts';
import type { CheckpointStore, KeptCheckpoint } from '../checkpoints.ts';

/**
 * Checkpoints in memory. A log in memory loses nothing, so each of them holds.
 *
 * @param idAt id of the log's event at a position; undefined if there is none
 */
export function memoryCheckpoints(
  now: () => Date,
  idAt: (position: bigint) => string | undefined,
): CheckpointStore {
  const kept = new Map<string, KeptCheckpoint>();
  return {
    saveCheckpoint: async (_ctx, { consumer, position, eventId, delivered }) => {
      const there = position === 0n ? '' : idAt(position);
      if (there === undefined || (eventId !== '' && eventId !== there)) {
        throw new CodedError(
          'precondition_failed',
          'place_not_in_log',
          `The log does not have the event ${eventId} at position ${position}.`,
        );
      }
      const before = kept.get(consumer);
      const place =
        before !== undefined && before.position > position
          ? { position: before.position, eventId: before.eventId }
          : { position, eventId: there };
      const most = delivered > place.position ? delivered : place.position;
      kept.set(consumer, { consumer, ...place, delivered: most, updatedAt: now(), holds: true });
    },
    getCheckpoint: async (_ctx, consumer) => {
      const { position, eventId, delivered } = kept.get(consumer) ?? NOWHERE;
      return { position, eventId, delivered };
    },
    listCheckpoints: async () =>
      [...kept.values()].sort((a, b) => (a.consumer < b.consumer ? -1 : 1)),
  };
}

const NOWHERE = { position: 0n, eventId: '', delivered: 0n };
