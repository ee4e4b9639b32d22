import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Projected } from './service.ts';

/** Another instance that moved nothing for this long is not at work any more. */
const STANDBY_MS = 100;

export interface TakingTurnsOptions {
  /** Position of the read model's checkpoint. */
  readonly checkpoint: () => Promise<bigint>;
  /** Projects events that follow `after`. */
  readonly project: (after: bigint, events: readonly RecordedEvent[]) => Promise<Projected>;
  /** Aborted when the instance stops: it waits for no other one then. */
  readonly signal: AbortSignal;
}

/**
 * Lets one of several instances work, so that batches are not folded twice. An instance that
 * was slower with a batch stands by while the checkpoint moves, and takes over when it stops
 * moving.
 */
export function takingTurns({ checkpoint, project, signal }: TakingTurnsOptions) {
  /** Another instance is at work: it was quicker with the last batch. */
  let standby = false;
  return {
    /**
     * Projects events that follow `from`, or lets another instance do it; resolves with the
     * new checkpoint, which may have been moved back. Rejects as `project` does, and when
     * the signal is aborted.
     */
    async take(events: readonly RecordedEvent[], from: bigint): Promise<bigint> {
      let position = from;
      let rest = events;
      for (;;) {
        // Skip what another instance has projected meanwhile.
        const reached = position;
        rest = rest.filter((event) => event.position > reached);
        if (rest.length === 0) return position;
        if (standby) {
          await delay(STANDBY_MS, undefined, { signal });
          position = await checkpoint();
          standby = position !== reached;
        } else {
          const projected = await project(reached, rest);
          position = projected.position;
          standby = !projected.applied;
        }
        if (position < reached) return position;
      }
    },
  };
}
