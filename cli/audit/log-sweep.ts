/** The log from its first event to the head: its own order, and the stream beside it. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import {
  follow,
  isSettled,
  newTrail,
  type OrderTrail,
  overdue,
  type Patience,
} from './order-trail.ts';
import type { Findings } from './report.ts';
import type { AuditSources, PublishedMessage } from './sources.ts';

/** By order id. */
export type Trails = ReadonlyMap<string, OrderTrail>;

export interface LogSweep {
  readonly head: bigint;
  /** The stream is compared up to here; 0n: not at all. */
  readonly published: bigint;
  /** Whose aggregates are followed. */
  readonly inPass: (aggregateId: string) => boolean;
  /** What is not said of single aggregates is said in the first pass. */
  readonly isFirst: boolean;
  readonly copies: Copies;
  readonly codec: OrderEventCodec;
  readonly patience: Patience;
  readonly findings: Findings;
  readonly sums: {
    readonly log: { events: number; unreadable: number };
    readonly orders: {
      accepted: number;
      ended: number;
      open: number;
      stuck: number;
      amount: bigint;
    };
  };
}

/** The position that each copy had come to, and when that was asked: milliseconds since the epoch. */
export interface Copies {
  readonly stream: bigint;
  readonly 'read model': bigint;
  readonly readAt: number;
}

/** Reads the log up to `head` and resolves with where its orders stand. */
export async function sweepLog(
  ctx: Context,
  { log, published }: Pick<AuditSources, 'log' | 'published'>,
  sweep: LogSweep,
): Promise<Trails> {
  const { head, findings, sums, codec, inPass, isFirst } = sweep;
  const now = Date.now();
  const orders = new Map<string, OrderTrail>();
  const others = new Map<string, OrderTrail>();
  const beside = sweep.published > 0n ? published.messages(sweep.published) : none();
  const stream = compareStream(beside, sweep.published, findings);
  let last = 0n;
  try {
    for await (const event of log.stream(ctx, {})) {
      if (event.position > head) break;
      if (isFirst) {
        if (event.position !== last + 1n) {
          findings.add('log', `position ${event.position} follows position ${last}`);
        }
        sums.log.events++;
        findArrears(event, sweep);
        await stream.expect(event);
      }
      last = event.position;
      if (!inPass(event.aggregateId)) continue;
      const isOrder = event.aggregateType === ORDER_AGGREGATE;
      const [trails, key] = isOrder
        ? [orders, event.aggregateId]
        : [others, `${event.aggregateType}\n${event.aggregateId}`];
      const trail = trails.get(key) ?? newTrail();
      trails.set(key, trail);
      if (follow(trail, event, codec, findings.add) === 'unreadable') sums.log.unreadable++;
    }
  } finally {
    await stream.close();
  }
  if (isFirst && last !== head) findings.add('log', `it ends at ${last}, its head says ${head}`);
  for (const [id, trail] of orders) count(id, trail, now, sweep);
  return orders;
}

/** A copy's first missing event: how long it has been missing says whether the copy keeps up. */
function findArrears(event: RecordedEvent, { copies, patience, findings }: LogSweep): void {
  const since = event.createdAt.getTime();
  if (since + patience.graceMs >= copies.readAt) return;
  for (const book of ['stream', 'read model'] as const) {
    if (event.position !== copies[book] + 1n) continue;
    findings.add(
      book,
      `it is at ${copies[book]} and lacks position ${event.position}, which is in the log since ${new Date(since).toISOString()}`,
    );
  }
}

function count(
  id: string,
  trail: OrderTrail,
  now: number,
  { sums: { orders }, patience, findings }: LogSweep,
): void {
  const { row } = trail;
  if (row === undefined || row.status === 'None') return;
  orders.accepted++;
  orders.amount += row.amountMinor;
  const waitsFor = overdue(trail, now, patience);
  if (isSettled(row)) orders.ended++;
  else if (waitsFor === undefined) orders.open++;
  else {
    orders.stuck++;
    const since = new Date(trail.since).toISOString();
    findings.add('orders', `order ${id} is ${row.status} and waits for ${waitsFor} since ${since}`);
  }
}

/** Walks along the stream while the log is read; each message should be the log's event. */
function compareStream(
  messages: AsyncIterable<PublishedMessage>,
  until: bigint,
  findings: Findings,
) {
  const iterator = messages[Symbol.asyncIterator]();
  let next: PublishedMessage | undefined;
  let ended = false;
  async function advance(to: bigint): Promise<void> {
    while (!ended && (next === undefined || next.sequence < to)) {
      const { done, value } = await iterator.next();
      ended = done === true;
      next = ended ? undefined : value;
    }
  }
  return {
    async expect(event: RecordedEvent): Promise<void> {
      if (event.position > until) return;
      await advance(event.position);
      const difference = differs(event, next);
      if (difference !== undefined) {
        findings.add('stream', `message ${event.position} ${difference}`);
      }
    },
    async close(): Promise<void> {
      await iterator.return?.();
    },
  };
}

function differs(event: RecordedEvent, message: PublishedMessage | undefined): string | undefined {
  if (message?.sequence !== event.position) return `is missing (event ${event.eventId})`;
  if (message.eventId !== event.eventId) {
    return `is ${message.eventId || 'without an id'}, the log has ${event.eventId}`;
  }
  if (message.subject !== event.eventType) {
    return `has the subject ${message.subject}, the log ${event.eventType}`;
  }
  return message.data === event.data ? undefined : 'carries other data than the log';
}

async function* none(): AsyncGenerator<PublishedMessage, void, void> {}
