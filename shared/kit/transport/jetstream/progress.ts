import type { ConsumerInfo, JetStreamManager } from 'nats';
import { apiCode } from './jetstream-stream.ts';

/** No message under this sequence. */
const NO_MESSAGE = 10037;

/** How far a durable is, over all instances that share it. */
export interface Progress {
  /** Everything up to here is done, by whichever instance: a checkpoint may record it. */
  readonly position: bigint;
  /** Everything up to here was delivered, answered or not: what could have been answered. */
  readonly delivered: bigint;
  /** Messages that are not done yet. */
  readonly lag: number;
}

/**
 * Reads a consumer's progress from the server's data. Only the server knows it: each of
 * several instances sees only part of the messages, so none can say that everything up to
 * a position is done.
 */
export function progressOf(info: ConsumerInfo): Progress {
  return {
    position: BigInt(info.ack_floor.stream_seq),
    delivered: BigInt(info.delivered.stream_seq),
    lag: info.num_pending + info.num_ack_pending,
  };
}

/** Progress, and the id of the message at its position; empty if there is none. */
export interface PlacedProgress extends Progress {
  readonly id: string;
}

/**
 * Id of the stream's message at `sequence`. A sequence alone is not enough: the stream
 * may have been recreated from a log with other events.
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
 * Why a durable's silence is wrong; undefined if all is well. The head is the *log's*: a
 * stream that lost its tail, or is no longer filled, looks complete from within.
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
    // The server may deliver nothing until some of these are answered.
    if (info.num_ack_pending >= (info.config.max_ack_pending ?? Number.POSITIVE_INFINITY)) return;
    return `${info.num_pending} messages wait in the stream but none arrives`;
  }
  const { state } = await manager.streams.info(stream);
  if (BigInt(state.last_seq) >= logHead) return undefined;
  return `the log has ${logHead} events but the stream ends at ${state.last_seq}`;
}
