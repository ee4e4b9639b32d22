import type { ConsumerInfo, JetStreamManager } from 'nats';
import type { Logger } from '../../logger.ts';
import { lacking } from './durable.ts';
import { idAt, type PlacedProgress, progressOf, whyStuck } from './progress.ts';

export interface WatchOptions {
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly durable: string;
  /** The subjects that should reach it; empty: every subject of the stream. */
  readonly filterSubjects: readonly string[];
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /**
   * Called once a second, except while the durable's filter is wrong: its position then
   * passes messages that were never delivered. Must not throw.
   */
  readonly onProgress: (progress: PlacedProgress) => void;
  /** Whether the server owes us messages, so that silence means something. */
  readonly waiting: () => boolean;
  /** Silence after which progress is compared with the log's head, in milliseconds. */
  readonly silentMs: number;
  /** Called with why the silence is wrong, or that somebody paused the durable. */
  readonly onStuck: (reason: string) => void;
  readonly logger: Logger;
}

/** Watches one subscription of a durable. */
export interface Watch {
  /** Call it for each message. Cheap. */
  heard(): void;
  /** Asks the server for the progress now, and reports it; rejects without an answer. */
  report(): Promise<ConsumerInfo>;
  /** What an operator must fix, with the remedy; undefined if nothing. */
  notReady(): string | undefined;
  /** May be called twice. */
  stop(): void;
}

const LOOK_EVERY_MS = 1_000;

/** Watches a durable until stopped: reports its progress once a second, and checks a long silence. */
export function watchDurable(options: WatchOptions): Watch {
  const { manager, stream, durable } = options;
  let busy = false;
  let heardAt = performance.now();
  let lookedAt = heardAt;
  let drift: string | undefined;
  let place: { readonly position: bigint; readonly id: string } | undefined;

  async function report(): Promise<ConsumerInfo> {
    const info = await manager.consumers.info(stream, durable);
    noticeDrift(lacking(info.config, options.filterSubjects));
    if (drift === undefined) await tell(info);
    return info;
  }

  async function tell(info: ConsumerInfo): Promise<void> {
    const progress = progressOf(info);
    // While the durable is the same, a position keeps its message.
    if (place?.position !== progress.position) {
      const { position } = progress;
      place = { position, id: await idAt(manager, stream, position) };
    }
    options.onProgress({ ...progress, id: place.id });
  }

  // It is reported, not fixed: two releases that run side by side would undo each
  // other's filter.
  function noticeDrift(subjects: readonly string[]): void {
    const was = drift;
    drift =
      subjects.length === 0
        ? undefined
        : `somebody changed the filter of consumer ${durable}: it lacks ${subjects.join(', ')}. Delete that consumer of stream ${stream}, or restart this process: the consumer is recreated and continues at its checkpoint. If you only change the filter back, it misses what was published meanwhile`;
    if (drift === was) return;
    if (drift !== undefined) options.logger.warn(drift);
    else options.logger.info("the durable's filter is correct again");
  }

  async function look(): Promise<void> {
    const { paused } = await report();
    // A paused durable still sends heartbeats, so nothing else would tell.
    if (paused) return options.onStuck('somebody paused the durable');
    const now = performance.now();
    if (!options.waiting() || now - Math.max(heardAt, lookedAt) < options.silentMs) return;
    lookedAt = now;
    const reason = await whyStuck(manager, stream, durable, options.head);
    // A message that came during the check answers the question.
    if (reason !== undefined && heardAt <= now) options.onStuck(reason);
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look()
      .catch((error) => options.logger.debug({ err: error }, 'progress could not be read'))
      .finally(() => {
        busy = false;
      });
  }, LOOK_EVERY_MS);
  return {
    heard: () => {
      heardAt = performance.now();
    },
    report,
    notReady: () => drift,
    stop: () => clearInterval(timer),
  };
}
