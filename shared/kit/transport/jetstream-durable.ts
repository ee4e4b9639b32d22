import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  ReplayPolicy,
} from 'nats';
import { CodedError } from '../errors.ts';
import { apiCode } from './jetstream-stream.ts';

export interface DurableOptions {
  readonly stream: string;
  /** Frozen name of the consumer: its position is kept under it. */
  readonly durable: string;
  /** Which subjects it gets; empty: all of the stream. */
  readonly filterSubjects: readonly string[];
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
  readonly maxAckPending: number;
}

const REQUEST_MS = 5_000;
const NOT_FOUND = 10014;

/** The JetStream API of a connection, with a deadline of five seconds for each request. */
export function jetstreamManager(connection: NatsConnection): Promise<JetStreamManager> {
  return connection.jetstreamManager({ timeout: REQUEST_MS, checkAPI: false });
}

/**
 * The durable pull consumer, made or brought to what is wanted: one that somebody
 * paused goes on. One that is made starts after the position that `resumeAfter`
 * gives, for a durable vanishes with its stream; one that is there keeps its own
 * position.
 *
 * Rejects with CodedError `precondition_failed` / `durable_mismatch` where a
 * consumer of that name is of another sort; with the client's own error where
 * stream or broker is away, or another instance was faster: try again.
 */
export async function ensureDurable(
  manager: JetStreamManager,
  options: DurableOptions,
  resumeAfter: () => Promise<bigint>,
): Promise<ConsumerInfo> {
  const { stream, durable } = options;
  const wanted = {
    ack_wait: nanos(options.ackWaitMs),
    max_deliver: options.maxDeliver,
    max_ack_pending: options.maxAckPending,
    filter_subjects: [...options.filterSubjects].sort(),
  };
  const found = await manager.consumers.info(stream, durable).catch((error) => {
    if (apiCode(error) === NOT_FOUND) return undefined;
    throw error;
  });
  if (found === undefined) {
    const after = await resumeAfter();
    return manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      ...(after === 0n
        ? { deliver_policy: DeliverPolicy.All }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(after + 1n) }),
      ...wanted,
    });
  }
  if (
    found.config.ack_policy !== AckPolicy.Explicit ||
    found.config.deliver_subject !== undefined
  ) {
    throw new CodedError(
      'precondition_failed',
      'durable_mismatch',
      `The consumer ${durable} of stream ${stream} exists and is not a pull consumer with explicit acknowledgement. Delete it.`,
    );
  }
  const info = matches(found.config, wanted)
    ? found
    : await manager.consumers.update(stream, durable, wanted);
  if (info.paused) await manager.consumers.resume(stream, durable);
  return info;
}

function matches(found: ConsumerConfig, wanted: Partial<ConsumerConfig>): boolean {
  const filters = found.filter_subjects ?? (found.filter_subject ? [found.filter_subject] : []);
  return (
    found.ack_wait === wanted.ack_wait &&
    found.max_deliver === wanted.max_deliver &&
    found.max_ack_pending === wanted.max_ack_pending &&
    [...filters].sort().join() === wanted.filter_subjects?.join()
  );
}
