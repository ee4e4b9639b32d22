/**
 * Group commit: while batches are on their way to the database the next one
 * gathers, so all appends that arrive meanwhile share the cost of one commit. A
 * batch is one statement. When it fails, commit-slowly.ts finds which appends were
 * at fault and writes the rest.
 */
import type { Appended, Lane } from '../../../shared/eventstore/event-store.ts';
import { background, type Context } from '../../../shared/kit/context.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Append } from './append.ts';
import { commitSlowly } from './commit-slowly.ts';
import { predict } from './optimistic.ts';
import { APPENDING } from './sql-append.ts';
import type { EventLog } from './sql-log.ts';
import { createWaitingAppends, type Waiting, type WaitingLimits } from './waiting.ts';

export const groupCommitDefaults: WaitingLimits = {
  maxBatchEvents: 512,
  maxBatchBytes: 2 * 1024 * 1024,
  maxWaiting: 10_000,
  maxWaitingBytes: 64 * 1024 * 1024,
  timeoutMs: 10_000,
  outageMs: 2_000,
};

export interface GroupCommit {
  /** Resolves when the append is committed. Rejects as AggregateStore.append does. */
  append(ctx: Context, append: Append, lane?: Lane): Promise<Appended>;
  /** Resolves when every append accepted so far is answered. */
  drain(): Promise<void>;
}

/** Fewer appends are not worth a second batch in parallel: each batch costs a flush to disk. */
const MIN_SHARE = 16;

/** How often the head's lock is left free for a moment, in milliseconds, so that another process can take it. */
const FREE_EVERY_MS = 50;

/** How long another process that appended is assumed to go on, in milliseconds. */
const OTHERS_MS = 1_000;

/**
 * Use one for each log and process: it takes any other writer for another process.
 * The creator drains it before the databases stop.
 *
 * @param log appends over APPENDING's connection
 * @param committed called after each commit, with the position of its last event
 */
export function createGroupCommit(
  log: EventLog,
  logger: Logger,
  committed: (position: bigint) => void,
  overrides: Partial<WaitingLimits> = {},
): GroupCommit {
  const waiting = createWaitingAppends({ ...groupCommitDefaults, ...overrides });
  const ctx = background();
  let underWay = 0;
  let scheduled = false;
  let idle: (() => void)[] = [];
  /** The last position written here. */
  let last: bigint | undefined;
  /** Until when other processes are assumed to append too, on the clock of `performance.now()`. */
  let othersUntil = 0;

  /** When last no batch was under way. */
  let free = 0;

  /**
   * Number of batches in parallel. While another process appends it is one: a batch
   * that waits at the server would take the head's lock again before the other process
   * wakes up. Leaving the head free for a moment shows whether another process appends.
   */
  function depth(): number {
    const now = performance.now();
    return now < othersUntil || now - free > FREE_EVERY_MS ? 1 : APPENDING.pipeline;
  }

  function append(ctx: Context, append: Append, lane: Lane = 'new work'): Promise<Appended> {
    const answer = waiting.add(ctx, append, lane);
    schedule();
    return answer;
  }

  /** Begins on the next turn, so that all appends of this turn go together. */
  function schedule(): void {
    if (scheduled || underWay >= depth()) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      begin();
    });
  }

  function begin(): void {
    if (underWay === 0) free = performance.now();
    while (underWay < depth() && waiting.queued() > (underWay === 0 ? 0 : MIN_SHARE - 1)) {
      const share = Math.max(MIN_SHARE, Math.ceil(waiting.unanswered() / depth()));
      const batch = waiting.take(share);
      if (batch.length === 0) break;
      underWay++;
      void commit(batch).then(() => {
        underWay--;
        waiting.done(batch);
        schedule();
      });
    }
    if (underWay > 0 || waiting.queued() > 0) return;
    for (const resolve of idle) resolve();
    idle = [];
  }

  /** Answers every append in `batch`; never rejects. */
  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const done = await log.append(ctx, predict(batch.map(({ append }) => append)));
      if (done !== undefined) return settleInOrder(batch, done.first, done.versions);
    } catch (error) {
      // A constraint, an outage, an unknown outcome: the slow path reads what is there
      // and continues from that in every case.
      logger.debug({ err: error, appends: batch.length }, 'the fast path failed');
    }
    await commitSlowly(ctx, batch, log, logger, settleInOrder);
  }

  function settleInOrder(
    batch: readonly Waiting[],
    first: bigint,
    versions: readonly bigint[],
  ): void {
    if (last !== undefined && first !== last + 1n) othersUntil = performance.now() + OTHERS_MS;
    let index = -1;
    for (const { append, settle } of batch) {
      index += append.events.length;
      const version = versions[index] ?? 0n;
      settle({ version, position: first + BigInt(index) });
    }
    last = first + BigInt(index);
    committed(last);
  }

  return {
    append,
    drain: () =>
      new Promise((resolve) => {
        idle.push(resolve);
        schedule();
      }),
  };
}
