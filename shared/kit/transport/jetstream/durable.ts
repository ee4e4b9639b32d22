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
import { CodedError } from '../../errors.ts';
import { apiCode } from './jetstream-stream.ts';

export interface DurableOptions {
  readonly stream: string;
  /** Frozen name of the consumer: its position is kept under it. */
  readonly durable: string;
  /** The subjects that it gets; empty: all of the stream. */
  readonly filterSubjects: readonly string[];
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
  readonly maxAckPending: number;
}

const REQUEST_MS = 5_000;
/** JetStream's error code for a consumer that does not exist. */
export const CONSUMER_NOT_FOUND = 10014;

/** The JetStream API of a connection, with a deadline of five seconds for each request. */
export function jetstreamManager(connection: NatsConnection): Promise<JetStreamManager> {
  return connection.jetstreamManager({ timeout: REQUEST_MS, checkAPI: false });
}

/**
 * The durable pull consumer, created or updated; a paused one is resumed. A new one
 * starts after the position that `resumeAfter` gives, because a durable vanishes with
 * its stream; an existing one keeps its own position. One whose filter lacks a needed
 * subject is recreated, because it has skipped what was published meanwhile, and a
 * corrected filter does not bring that back. A filter only grows: another release may be
 * running beside this one, which needs what this one does not.
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
  const settings = {
    ack_wait: nanos(options.ackWaitMs),
    max_deliver: options.maxDeliver,
    max_ack_pending: options.maxAckPending,
  };
  const found = await manager.consumers.info(stream, durable).catch((error) => {
    if (apiCode(error) === CONSUMER_NOT_FOUND) return undefined;
    throw error;
  });
  if (found !== undefined) checkSort(found, options);
  if (found === undefined || lacking(found.config, options.filterSubjects).length > 0) {
    const after = await resumeAfter();
    if (found !== undefined) await manager.consumers.delete(stream, durable);
    return manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      ...(after === 0n
        ? { deliver_policy: DeliverPolicy.All }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(after + 1n) }),
      ...settings,
      filter_subjects: [...together(found?.config, options.filterSubjects)].sort(),
    });
  }
  const info = matches(found.config, settings)
    ? found
    : await manager.consumers.update(stream, durable, settings);
  if (info.paused) await manager.consumers.resume(stream, durable);
  return info;
}

/**
 * The `wanted` subjects (empty: every subject of the stream) that a consumer's filter
 * withholds.
 */
export function lacking(config: ConsumerConfig, wanted: readonly string[]): readonly string[] {
  const filters = filtersOf(config);
  if (filters.length === 0) return [];
  const subjects = wanted.length === 0 ? ['>'] : wanted;
  return subjects.filter((subject) => !filters.some((filter) => covers(filter, subject)));
}

/** `wanted` (empty: every subject) and what `found` has beside it: no subject covers another, which servers refuse. */
export function together(
  found: ConsumerConfig | undefined,
  wanted: readonly string[],
): readonly string[] {
  if (found === undefined || wanted.length === 0) return wanted;
  const others = filtersOf(found).filter((own) => !wanted.some((subject) => covers(subject, own)));
  const own = wanted.filter((subject) => !others.some((filter) => covers(filter, subject)));
  return [...own, ...others];
}

const filtersOf = (config: ConsumerConfig): readonly string[] =>
  config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);

/** Whether `filter` matches everything that `subject` does: `*` is one token, `>` all that follow. */
function covers(filter: string, subject: string): boolean {
  const [filterTokens, tokens] = [filter.split('.'), subject.split('.')];
  const rest = filterTokens.indexOf('>');
  if (rest < 0 && filterTokens.length !== tokens.length) return false;
  if (tokens.length <= rest) return false;
  return filterTokens
    .slice(0, rest < 0 ? undefined : rest)
    .every((token, n) => token === tokens[n] || (token === '*' && tokens[n] !== '>'));
}

function checkSort({ config }: ConsumerInfo, { stream, durable }: DurableOptions): void {
  if (config.ack_policy === AckPolicy.Explicit && config.deliver_subject === undefined) return;
  throw new CodedError(
    'precondition_failed',
    'durable_mismatch',
    `The consumer ${durable} of stream ${stream} exists and is not a pull consumer with explicit acknowledgement. Delete it.`,
  );
}

const matches = (found: ConsumerConfig, wanted: Partial<ConsumerConfig>): boolean =>
  found.ack_wait === wanted.ack_wait &&
  found.max_deliver === wanted.max_deliver &&
  found.max_ack_pending === wanted.max_ack_pending;
