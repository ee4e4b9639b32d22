/**
 * Appends that wait for their commit: two lanes, limited by number and by payload,
 * and the rule for which appends may share a batch.
 */
import type { Appended, Lane } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type Append, type AppendResult, aggregateOf } from './append.ts';

export interface WaitingLimits {
  /** Most events in one statement. */
  readonly maxBatchEvents: number;
  /** Largest payload in one statement, in characters; CockroachDB refuses messages over 16 MiB. */
  readonly maxBatchBytes: number;
  /** Most unanswered appends in each lane; more are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** Largest unanswered payload in each lane, in characters. */
  readonly maxWaitingBytes: number;
  /** Total time limit of an append, in milliseconds. */
  readonly timeoutMs: number;
  /** How long an append waits for a log that cannot be written, in milliseconds: about the time of a restart. */
  readonly outageMs: number;
}

/** One append and its waiting caller. */
export interface Waiting {
  readonly append: Append;
  readonly aggregate: string;
  /** Its share of a batch's payload, in characters. */
  readonly bytes: number;
  /** On the clock of `performance.now()`, like `patience`. */
  readonly deadline: number;
  /** When it stops waiting for a log that cannot be written. */
  readonly patience: number;
  readonly signal: AbortSignal;
  readonly settle: (result: AppendResult) => void;
  /** Set by `settle`; answered appends take no further part in their batch. */
  answered: boolean;
}

export interface WaitingAppends {
  /** Resolves with the append's answer; rejects at once if too many wait already. */
  add(ctx: Context, append: Append, lane: Lane): Promise<Appended>;
  /**
   * The next batch, of at most `share` appends: the lane of answers goes before new
   * work, otherwise in order of arrival. It shares no aggregate or id with batches
   * under way; its own stay taken until `done`.
   */
  take(share: number): Waiting[];
  /** Call when the batch is committed or refused. */
  done(batch: readonly Waiting[]): void;
  /** Number of unanswered appends, those under way included. */
  unanswered(): number;
  /** Number of appends that are in no batch yet. */
  queued(): number;
}

/** An answer must leave this long before its caller gives up, in milliseconds. */
const MARGIN_MS = 100;

/** Size of an event beside its payload, in characters: ids, types and metadata. */
const EVENT_OVERHEAD = 400;

/** Share of each batch reserved for new work, so that answers never starve it. */
const NEW_WORK_SHARE = 1 / 8;

interface LaneState {
  queue: Waiting[];
  waiting: number;
  bytes: number;
}

export function createWaitingAppends(limits: WaitingLimits): WaitingAppends {
  const empty = (): LaneState => ({ queue: [], waiting: 0, bytes: 0 });
  const lanes: Record<Lane, LaneState> = { answers: empty(), 'new work': empty() };
  /** Aggregates of the batches under way. */
  const aggregates = new Set<string>();
  const ids = new Set<string>();

  function add(ctx: Context, append: Append, name: Lane): Promise<Appended> {
    const lane = lanes[name];
    const bytes = append.events.reduce((sum, { data }) => sum + data.length + EVENT_OVERHEAD, 0);
    if (lane.waiting >= limits.maxWaiting || lane.bytes + bytes > limits.maxWaitingBytes) {
      return Promise.reject(tooMany(lane.waiting));
    }
    lane.waiting++;
    lane.bytes += bytes;
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const deadline =
        Math.min(ctx.deadline ?? Number.POSITIVE_INFINITY, now + limits.timeoutMs) - MARGIN_MS;
      const one: Waiting = {
        append,
        aggregate: aggregateOf(append),
        bytes,
        deadline,
        patience: Math.min(deadline, now + limits.outageMs),
        signal: ctx.signal,
        answered: false,
        settle: (result) => {
          one.answered = true;
          lane.waiting--;
          lane.bytes -= bytes;
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      lane.queue.push(one);
    });
  }

  function take(share: number): Waiting[] {
    const batch: Waiting[] = [];
    const room = { events: limits.maxBatchEvents, bytes: limits.maxBatchBytes, appends: share };
    const reserved = lanes['new work'].queue.length > 0 ? Math.ceil(share * NEW_WORK_SHARE) : 0;
    room.appends -= reserved;
    fill(lanes.answers, batch, room);
    room.appends += reserved;
    fill(lanes['new work'], batch, room);
    // Only now, because one batch may append to an aggregate more than once.
    for (const { aggregate } of batch) aggregates.add(aggregate);
    return batch;
  }

  /** Moves from the lane to the batch what fits; the rest keeps its place. */
  function fill(
    lane: LaneState,
    batch: Waiting[],
    room: { events: number; bytes: number; appends: number },
  ): void {
    const left: Waiting[] = [];
    // Appends that wait for a batch under way must not be overtaken by later ones.
    const held = new Set<string>();
    const now = performance.now();
    for (const [index, one] of lane.queue.entries()) {
      if (one.signal.aborted || one.deadline <= now) {
        one.settle(outOfTime());
        continue;
      }
      const { events } = one.append;
      const fits =
        room.appends > 0 &&
        (batch.length === 0 || (events.length <= room.events && one.bytes <= room.bytes));
      if (!fits) {
        left.push(...lane.queue.slice(index));
        break;
      }
      const touched =
        held.has(one.aggregate) ||
        aggregates.has(one.aggregate) ||
        events.some(({ eventId }) => ids.has(eventId));
      if (touched) {
        held.add(one.aggregate);
        left.push(one);
        continue;
      }
      for (const { eventId } of events) ids.add(eventId);
      room.events -= events.length;
      room.bytes -= one.bytes;
      room.appends--;
      batch.push(one);
    }
    lane.queue = left;
  }

  return {
    add,
    take,
    done: (batch) => {
      for (const { append, aggregate } of batch) {
        aggregates.delete(aggregate);
        for (const { eventId } of append.events) ids.delete(eventId);
      }
    },
    unanswered: () => lanes.answers.waiting + lanes['new work'].waiting,
    queued: () => lanes.answers.queue.length + lanes['new work'].queue.length,
  };
}

const tooMany = (waiting: number) =>
  new CodedError(
    'overloaded',
    'too_many_appends',
    `${waiting} appends already wait; try again later.`,
    { retryAfterMs: 1_000 },
  );

const outOfTime = () =>
  new CodedError(
    'timeout',
    'append_timeout',
    'The append timed out while waiting for its turn; nothing was written.',
  );
