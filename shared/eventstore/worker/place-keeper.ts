/** Keeps a follower's place beside the log, and notices when it was moved back there. */
import { setTimeout as delay } from 'node:timers/promises';
import { background } from '../../kit/context.ts';
import { isKind } from '../../kit/errors.ts';
import type { Logger } from '../../kit/logger.ts';
import type { Checkpoint } from '../checkpoints.ts';
import type { EventStore } from '../event-store.ts';
import { unsampled } from '../unsampled.ts';

export interface PlaceKeeperOptions {
  readonly store: Pick<EventStore, 'getCheckpoint' | 'saveCheckpoint' | 'head'>;
  readonly consumer: string;
  /** The types that it follows. */
  readonly eventTypes: readonly string[];
  /** The checkpoint that the follower began at. */
  readonly start: Checkpoint;
  /** Where the follower is now. */
  readonly progress: () => Checkpoint;
  /** Called once a second with the events of the log that are not done. */
  readonly onLag: (events: number) => void;
  /** Called once, when the follower must begin again at its checkpoint; then the looks end. */
  readonly onMovedBack: (why: string) => void;
  /** Called with the error when several looks in a row have failed: the log may be out of reach. */
  readonly onAway: (error: unknown) => void;
  readonly logger: Logger;
}

export interface PlaceKeeper {
  /** Saves the last place, ends the looks, and never rejects. */
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;
/** A restart of the event store takes less. */
const AWAY_LOOKS = 5;

/**
 * Looks once a second. The log may have been restored to an older state, or an operator gave up
 * events: then the checkpoint that may be continued from is before the one that was saved, and
 * what is read from here on does not follow what was read.
 */
export function keepPlace(options: PlaceKeeperOptions): PlaceKeeper {
  const { store, consumer, eventTypes, start, progress, logger } = options;
  let saved = start;
  /** Not published yet, as the event store says: it is saved before any later place. */
  let early: Checkpoint | undefined;
  const stopping = new AbortController();
  let failures = 0;

  /** Rejects with the event store's error. */
  async function look(): Promise<void> {
    const ctx = unsampled(background());
    const kept = await store.getCheckpoint(ctx, consumer);
    if (kept.position < saved.position) {
      return movedBack(`the checkpoint was moved back from ${saved.position} to ${kept.position}`);
    }
    const wanted = early ?? progress();
    if (!isSame(wanted, saved)) await save(wanted);
    options.onLag(Number((await store.head(ctx)) - progress().position));
    failures = 0;
  }

  async function save(wanted: Checkpoint): Promise<void> {
    early = undefined;
    try {
      await store.saveCheckpoint(unsampled(background()), { consumer, eventTypes, ...wanted });
      saved = wanted;
    } catch (error) {
      if (!isKind(error, 'precondition_failed')) throw error;
      const { code } = error as { code?: string };
      if (code === 'place_not_in_log') movedBack(`the log has another event at ${wanted.position}`);
      else early = wanted;
    }
  }

  function movedBack(why: string): void {
    stopping.abort();
    options.onMovedBack(why);
  }

  /** Never rejects. */
  async function tryLook(): Promise<void> {
    try {
      await look();
    } catch (error) {
      logger[failures > 0 ? 'debug' : 'warn']({ err: error, consumer }, 'checkpoint not saved');
      if (++failures === AWAY_LOOKS) options.onAway(error);
    }
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await tryLook();
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await tryLook();
    },
  };
}

const isSame = (a: Checkpoint, b: Checkpoint): boolean =>
  a.position === b.position && a.eventId === b.eventId && a.delivered === b.delivered;
