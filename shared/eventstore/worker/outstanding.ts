import type { Checkpoint } from '../checkpoints.ts';
import type { RecordedEvent } from '../event-store.ts';

/** A place in the log. */
export type Place = Pick<Checkpoint, 'position' | 'eventId'>;

/** The events that a follower was given and that are not done. */
export interface Outstanding {
  readonly size: number;
  /** Call it for each event, in the log's order. */
  given(event: RecordedEvent): void;
  /** May be called again. */
  done(event: RecordedEvent): void;
  /** The last place up to which all is done, and how far events were given. */
  progress(): Checkpoint;
  /** Resolves when fewer than `limit` are outstanding, or `signal` is aborted. */
  fewerThan(limit: number, signal: AbortSignal): Promise<void>;
}

/** None at first: all up to `start` is done. */
export function createOutstanding(start: Place): Outstanding {
  /** For each event that is not done, by position, the place before it. */
  const before = new Map<bigint, Place>();
  let last: Place = start;
  let waiting: { readonly limit: number; go(): void } | undefined;

  function tell(): void {
    if (waiting !== undefined && before.size < waiting.limit) waiting.go();
  }

  return {
    get size() {
      return before.size;
    },
    given({ position, eventId }) {
      before.set(position, last);
      last = { position, eventId };
    },
    done({ position }) {
      if (before.delete(position)) tell();
    },
    progress() {
      const { value = last } = before.values().next();
      return { ...value, delivered: last.position };
    },
    async fewerThan(limit, signal) {
      if (before.size < limit || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const go = () => resolve();
      waiting = { limit, go };
      signal.addEventListener('abort', go, { once: true });
      await promise;
      signal.removeEventListener('abort', go);
      waiting = undefined;
    },
  };
}
