/** Compares log and stream, and finds where they part. */

import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { decodeStored } from '../../../shared/eventstore/stored-message.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { StreamMessage } from '../../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import type { EventLog } from '../log/sql-log.ts';
import { observed } from './observed-message.ts';
import type { PublishedStream } from './published-stream.ts';
import type { Observed, ObservedStream } from './verdict.ts';

/**
 * Observes both. The stream goes first, because the log only grows. Rejects while
 * either is away.
 *
 * @param looked the stream's state, if it was just inspected
 */
export async function observe(
  ctx: Context,
  log: EventLog,
  stream: PublishedStream,
  looked?: ObservedStream,
): Promise<Observed> {
  const state = looked ?? (await stream.inspect());
  const head = await log.head(ctx);
  const at = state.lastMessage?.sequence;
  const ahead = state.last > head;
  return {
    stream: state,
    head,
    idAtLast: at === undefined ? undefined : await log.idAt(ctx, at),
    idAtHead: head === 0n ? undefined : await log.idAt(ctx, head),
    messageAtHead: ahead && head > 0n ? await observedAt(stream, head) : undefined,
    messageAfterHead: ahead ? await observedAt(stream, head + 1n) : undefined,
  };
}

async function observedAt(stream: PublishedStream, sequence: bigint) {
  const message = await stream.messageAt(sequence);
  return message && observed(message);
}

/**
 * The last position, between `0` and `limit`, up to which log and stream hold the same
 * events; 0n if they share none. A binary search, since an event id has one position:
 * where both have the same id, they agree up to there.
 */
export async function lastAgreed(
  ctx: Context,
  log: EventLog,
  stream: PublishedStream,
  limit: bigint,
): Promise<bigint> {
  let [agreed, differs] = [0n, limit + 1n];
  while (differs - agreed > 1n) {
    const middle = (agreed + differs) / 2n;
    const id = await log.idAt(ctx, middle);
    const message = await stream.messageAt(middle);
    const same = id !== undefined && message !== undefined && observed(message).eventId === id;
    if (same) agreed = middle;
    else differs = middle;
  }
  return agreed;
}

/** Describes the difference right after the position up to which they agree. */
export async function whatDiffers(
  ctx: Context,
  log: EventLog,
  stream: PublishedStream,
  agreed: bigint,
): Promise<string> {
  const at = agreed + 1n;
  const { events } = await log.read(ctx, { afterPosition: agreed }, 1);
  const message = await stream.messageAt(at);
  const [event] = events;
  return `log and stream agree up to ${agreed}; at ${at} the log has ${event?.position === at ? inWords(event) : 'nothing'}, the stream ${message === undefined ? 'nothing' : inWordsOf(message)}`;
}

const inWords = ({ eventId, eventType, aggregateType, aggregateId }: RecordedEvent) =>
  `${eventType} ${eventId} of ${aggregateType} ${aggregateId}`;

function inWordsOf(message: StreamMessage): string {
  try {
    return inWords(decodeStored(message));
  } catch {
    return `a message on ${message.subject} that no event store published`;
  }
}
