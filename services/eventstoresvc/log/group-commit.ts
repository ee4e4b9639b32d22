/**
 * Group commit: while batches are on their way to the database the next one
 * gathers, so that a commit's cost is shared by everybody who arrived in the
 * meantime. A batch is one statement; when it fails, commit-slowly.ts finds out
 * who was at fault, and the others are written all the same.
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
  /** Resolves when the append is committed; errors as in AggregateStore.append. */
  append(ctx: Context, append: Append, lane?: Lane): Promise<Appended>;
  /** Resolves when everything accepted so far is answered. */
  drain(): Promise<void>;
}

/** Fewer appends than this are not worth a batch beside another one: each costs a flush to disk. */
const MIN_SHARE = 16;

/** How often the head is left free for a moment, in milliseconds, so that another process that waits for it has it. */
const FREE_EVERY_MS = 50;

/** How long another process that appended is taken to go on, in milliseconds. */
const OTHERS_MS = 1_000;

/**
 * One for each log and process: what another one writes is taken for another
 * process's. The creator drains it before the databases stop.
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
  /** The last position that was written here. */
  let last: bigint | undefined;
  /** Until when others are taken to append to the log, too, as `performance.now()` tells it. */
  let othersUntil = 0;

  /** When no batch was under way for the last time. */
  let free = 0;

  /**
   * Batches that run at a time. Beside another process it is one: a batch that is
   * already at the server takes the head again before the other process wakes up.
   * Leaving the head free for a moment shows whether there is another process.
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

  /** On the next turn, so that all who arrive in this one go together. */
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

  /** Answers everybody in `batch`; never rejects. */
  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const done = await log.append(ctx, predict(batch.map(({ append }) => append)));
      if (done !== undefined) return settleInOrder(batch, done.first, done.versions);
    } catch (error) {
      // A constraint, an outage, an unknown outcome: the slow path reads what
      // is there and goes on from that, whatever it was.
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
