import { AckPolicy, DeliverPolicy, type NatsConnection, nanos, ReplayPolicy } from 'nats';
import type { Logger } from '../../logger.ts';
import { type Meter, noMeter } from '../../metrics/meter.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import { keepSubscribed, type Subscription } from '../nats/keep-subscribed.ts';
import { connectionStatus } from '../nats/nats-status.ts';
import { countReplaced } from '../replaced-streams.ts';
import { jetstreamManager } from './durable.ts';
import { openPull, type Pull } from './messages/pull.ts';
import type { PulledMessage, StreamMessage } from './messages/pulled-message.ts';

export interface ReadStreamOptions {
  /** The current connection, waiting for it if necessary; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  readonly stream: string;
  /** The first message read is the one after this; 0n for the beginning. */
  readonly startAfter: bigint;
  /** Most messages in one batch. Twice as many wait in memory at most. */
  readonly maxBatch: number;
  /** Ends the reading when aborted, without an error. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Counts subscriptions that fell silent and were made again. */
  readonly meter?: Meter;
}

/** Batches of one stream's messages. Iterate over it once. */
export interface StreamReader extends AsyncIterable<readonly StreamMessage[]> {
  /** Why nothing is read at present; undefined while it is. */
  notReady(): string | undefined;
}

/**
 * The server removes a consumer that nobody pulls from after this, as when its reader was
 * killed.
 */
const INACTIVE_MS = 60_000;

/**
 * Reads a stream in order from a position, without a durable: the position is
 * the reader's own. A waiting reader gets what is there at once; messages that
 * arrive while it works gather into the next batch, so that batches grow with the
 * load and nothing waits for a batch to fill.
 *
 * Sequences ascend by one, over all batches. On a gap the read restarts after the
 * last good message, and waits as long as the stream has a gap there (the relay
 * refills the stream); repeats are left out. It continues by itself when the server
 * restarts or the stream is recreated, and ends only by `signal`, or when the loop
 * over it ends.
 */
export function readStream(options: ReadStreamOptions): StreamReader {
  const logger = options.logger.child({ reader: options.stream });
  const limit = 2 * options.maxBatch;
  const replaced = countReplaced(options.meter ?? noMeter);
  let last = options.startAfter;
  let buffer: PulledMessage[] = [];
  let wake: () => void = () => undefined;
  let pull: Pull | undefined;

  function take(message: PulledMessage, from: Pull): void {
    if (message.sequence <= last) return;
    if (message.sequence !== last + 1n) {
      from.end(`message ${last + 1n} is missing, ${message.sequence} came`);
      return;
    }
    last = message.sequence;
    buffer.push(message);
    wake();
  }

  async function subscribe(signal: AbortSignal): Promise<Subscription> {
    const connection = await unlessAborted(options.connection(), signal);
    await connectionStatus(connection).untilConnected(signal);
    const manager = await jetstreamManager(connection);
    const { name } = await manager.consumers.add(options.stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Number(last + 1n),
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    const opened = openPull({
      connection,
      stream: options.stream,
      consumer: name,
      limit,
      held: () => buffer.length,
      onSilent: () => replaced('nats_reader'),
      onMessage: (message) => take(message, opened),
    });
    pull = opened;
    const remove = () => manager.consumers.delete(options.stream, name).catch(() => undefined);
    // Also if it ended by itself; removing one that is already gone does no harm.
    void opened.ended.then((why) => why !== 'closed' && remove());
    return {
      ended: opened.ended,
      close: async () => {
        await opened.close();
        await remove();
      },
    };
  }

  const kept = keepSubscribed({ subscribe, logger });

  async function* batches(): AsyncGenerator<readonly StreamMessage[], void, void> {
    const { signal } = options;
    const aborted = () => wake();
    signal.addEventListener('abort', aborted, { once: true });
    kept.start();
    try {
      while (!signal.aborted) {
        if (buffer.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const batch = buffer.slice(0, options.maxBatch);
        buffer = buffer.slice(options.maxBatch);
        pull?.refill();
        yield batch;
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      await kept.stop();
    }
  }

  const iterator = batches();
  return { [Symbol.asyncIterator]: () => iterator, notReady: kept.notReady };
}
