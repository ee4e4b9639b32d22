/** Reads the log from its first event to the head: checks its order, and compares the stream. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { needsVoid } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import {
  follow,
  isSettled,
  newTrail,
  type OrderTrail,
  overdue,
  type Patience,
  type Wrong,
} from './order-trail.ts';
import { counting } from './progress.ts';
import { reading } from './reading.ts';
import type { Findings } from './report.ts';
import type { AuditSources } from './sources.ts';
import { difference, orderOf, type PublishedMessage } from './stream-message.ts';

/** By order id. */
export type Trails = ReadonlyMap<string, OrderTrail>;

export interface LogSweep {
  readonly head: bigint;
  /** The log's head after the copies were read. */
  readonly logEnds: bigint;
  /** Which aggregates this pass follows. */
  readonly inPass: (aggregateId: string) => boolean;
  /** Findings that concern no single aggregate are reported in the first pass. */
  readonly isFirst: boolean;
  readonly copies: Copies;
  readonly codec: OrderEventCodec;
  readonly patience: Patience;
  readonly findings: Findings;
  /** Called with each event in the first pass. */
  readonly onEvent: (event: RecordedEvent) => void;
  /** Called in the first pass with each event that everything skips. */
  readonly onUnreadable: (event: RecordedEvent) => void;
  /** Called now and then with the number of events read in this pass. */
  readonly onProgress: (events: number) => void;
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

/** Each copy's position, undefined if unknown, and when it was read: milliseconds since the epoch. */
export interface Copies {
  readonly stream: bigint | undefined;
  readonly 'read model': bigint | undefined;
  readonly readAt: number;
}

/** Reads the log up to `head` and resolves with the state of its orders. */
export async function sweepLog(
  ctx: Context,
  { log, published }: Pick<AuditSources, 'log' | 'published'>,
  sweep: LogSweep,
): Promise<Trails> {
  const { head, findings, sums, codec, inPass, isFirst } = sweep;
  const now = Date.now();
  const orders = new Map<string, OrderTrail>();
  const others = new Map<string, OrderTrail>();
  const { stream: at = 0n } = sweep.copies;
  // They are read beyond the log's end only if the log has lost them.
  const until = isFirst ? smaller(at, head) : 0n;
  const beside = at > 0n && isFirst ? published.messages(at > sweep.logEnds ? at : until) : none();
  const stream = compareStream(beside, until, findings);
  const progress = counting(sweep.onProgress);
  let last = 0n;
  try {
    for await (const event of await log.stream(ctx, {})) {
      if (event.position > head) break;
      progress();
      if (isFirst) {
        if (event.position !== last + 1n) {
          findings.add('log', `position ${event.position} follows position ${last}`);
        }
        sums.log.events++;
        findArrears(event, sweep);
        await stream.expect(event);
        sweep.onEvent(event);
      }
      last = event.position;
      if (!inPass(event.aggregateId)) continue;
      const isOrder = event.aggregateType === ORDER_AGGREGATE;
      const [trails, key] = isOrder
        ? [orders, event.aggregateId]
        : [others, `${event.aggregateType}\n${event.aggregateId}`];
      const trail = trails.get(key) ?? newTrail();
      trails.set(key, trail);
      const about = { orderId: event.aggregateId };
      const wrong: Wrong = (book, message, waits) => {
        if (waits) findings.waits(book, message);
        else findings.add(book, message, book === 'money' ? about : {});
      };
      if (follow(trail, event, codec, wrong) !== 'unreadable') continue;
      sums.log.unreadable++;
      sweep.onUnreadable(event);
    }
    if (isFirst) await stream.end(sweep.logEnds);
  } finally {
    await stream.close();
  }
  if (isFirst && last !== head) findings.add('log', `it ends at ${last}, its head says ${head}`);
  for (const [id, trail] of orders) count(id, trail, now, sweep);
  return orders;
}

/** A copy's first missing event: how long it has been missing shows whether the copy keeps up. */
function findArrears(event: RecordedEvent, { copies, patience, findings }: LogSweep): void {
  const since = event.createdAt.getTime();
  if (since + patience.graceMs >= copies.readAt) return;
  for (const book of ['stream', 'read model'] as const) {
    if (event.position - 1n !== copies[book]) continue;
    const at = new Date(since).toISOString();
    const lacks = `it is at ${copies[book]} and lacks position ${event.position}`;
    findings.add(book, `${lacks}, which is in the log since ${at}`);
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
    const owed = row.payment === 'void_requested' || needsVoid(row);
    findings.waits(
      'orders',
      `order ${id} is ${row.status} and waits for ${waitsFor} since ${since}`,
      owed ? { what: 'void', orderId: id } : undefined,
    );
  }
}

/** Reads the stream in step with the log; each message should be the log's event. */
function compareStream(
  messages: AsyncIterable<PublishedMessage>,
  until: bigint,
  findings: Findings,
) {
  const iterator = messages[Symbol.asyncIterator]();
  let next: PublishedMessage | undefined;
  let ended = false;
  let unread = false;
  async function advance(): Promise<void> {
    const read = await reading(findings, 'stream', () => iterator.next());
    unread ||= read === undefined;
    ended = read === undefined || read.done === true;
    next = read?.done === false ? read.value : undefined;
  }
  let last = 0n;
  /** Advances to the message at `to`; messages on the way that are after the last event have none in the log. */
  async function comeTo(to: bigint): Promise<void> {
    while (!ended && (next === undefined || next.sequence < to)) {
      if (next !== undefined && next.sequence > last) lacking(next);
      await advance();
    }
  }
  /** Evidence of an event that the log has lost. */
  function lacking(message: PublishedMessage): void {
    const orderId = orderOf(message);
    if (orderId !== undefined) findings.dispute(orderId);
    const of = orderId === undefined ? '' : ` of order ${orderId}`;
    findings.add(
      'stream',
      `message ${message.sequence} is ${message.subject}${of}, the log has no event there`,
      { fault: 'differs' },
    );
  }
  return {
    async expect(event: RecordedEvent): Promise<void> {
      if (event.position > until) return;
      await comeTo(event.position);
      last = event.position;
      if (unread) return;
      if (next?.sequence !== event.position) {
        const missing = `message ${event.position} is missing (event ${event.eventId})`;
        findings.add('stream', missing, { repair: { what: 'stream' } });
        return;
      }
      const found = difference(event, next);
      if (found === undefined) return;
      if (found.fault === 'differs') {
        findings.dispute(event.aggregateId);
        findings.dispute(orderOf(next) ?? event.aggregateId);
      }
      findings.add('stream', `message ${event.position} ${found.message}`, {
        fault: found.fault,
        repair: { what: 'stream' },
      });
    },
    /**
     * Called at the log's end. What the stream has beyond it may be the last trace of some
     * orders.
     */
    async end(logEnds: bigint): Promise<void> {
      await comeTo(until + 1n);
      for (; !ended && next !== undefined; await advance()) {
        if (next.sequence > logEnds) findings.dispute(orderOf(next) ?? '');
      }
    },
    close: async () => void (await iterator.return?.()),
  };
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

async function* none(): AsyncGenerator<PublishedMessage, void, void> {}
