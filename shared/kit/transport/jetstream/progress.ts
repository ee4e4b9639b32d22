import type { ConsumerInfo, JetStreamManager } from 'nats';
import { apiCode } from './jetstream-stream.ts';

/** No message under this sequence. */
const NO_MESSAGE = 10037;

/** How far a durable has come, over all instances that share it. */
export interface Progress {
  /** Everything up to here is done, by whichever instance: what a checkpoint may say. */
  readonly position: bigint;
  /** Everything up to here was delivered, answered or not: what could have been answered. */
  readonly delivered: bigint;
  /** Messages that are not done yet. */
  readonly lag: number;
}

/**
 * Reads the progress of a consumer off what the server knows of it. It must be
 * the server's: of several instances each sees only a part of the messages, so
 * none can say that everything up to a position is done.
 */
export function progressOf(info: ConsumerInfo): Progress {
  return {
    position: BigInt(info.ack_floor.stream_seq),
    delivered: BigInt(info.delivered.stream_seq),
    lag: info.num_pending + info.num_ack_pending,
  };
}

/** Progress, and the identity of the message at its position; empty where it has none, or there is none. */
export interface PlacedProgress extends Progress {
  readonly id: string;
}

/**
 * Identity of the stream's message at `sequence`: a sequence alone names a place in
 * a stream that may have been made again meanwhile, from a log with other events.
 */
export async function idAt(
  manager: JetStreamManager,
  stream: string,
  sequence: bigint,
): Promise<string> {
  if (sequence === 0n) return '';
  try {
    const { header } = await manager.streams.getMessage(stream, { seq: Number(sequence) });
    return header?.get('ce-id') || header?.get('Nats-Msg-Id') || '';
  } catch (error) {
    if (apiCode(error) === NO_MESSAGE) return '';
    throw error;
  }
}

/**
 * Why a durable that has been silent should not be, undefined if all is well.
 * The head is the *log's*: a stream that lost its tail, or is not filled any
 * more, looks complete from within.
 */
export async function whyStuck(
  manager: JetStreamManager,
  stream: string,
  durable: string,
  head: () => Promise<bigint>,
): Promise<string | undefined> {
  const logHead = await head();
  const info = await manager.consumers.info(stream, durable);
  if (info.num_pending > 0) {
    // Nothing may be delivered until somebody has answered for some of these.
    if (info.num_ack_pending >= (info.config.max_ack_pending ?? Number.POSITIVE_INFINITY)) return;
    return `${info.num_pending} messages wait in the stream but none arrives`;
  }
  const { state } = await manager.streams.info(stream);
  if (BigInt(state.last_seq) >= logHead) return undefined;
  return `the log has ${logHead} events but the stream ends at ${state.last_seq}`;
}
