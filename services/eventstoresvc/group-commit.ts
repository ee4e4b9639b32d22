/**
 * Group commit: while one batch is on its way to the database the next one
 * gathers, so that a commit's cost is shared by everybody who arrived in the
 * meantime. A batch is one statement; when it fails, classify.ts finds out who
 * was at fault, and the others are written all the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Appended } from '../../shared/eventstore/event-store.ts';
import { background, type Context } from '../../shared/kit/context.ts';
import { sqlState } from '../../shared/kit/database.ts';
import { CodedError, codedError } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Append, AppendResult, NumberedEvent } from './append.ts';
import { classify } from './classify.ts';
import type { EventLog } from './log.ts';
import { type PredictedEvent, predict } from './optimistic.ts';

export interface GroupCommitOptions {
  /** Events in one statement, at most. */
  readonly maxBatchEvents: number;
  /** Payload in one statement, in characters, at most; CockroachDB refuses messages over 16 MiB. */
  readonly maxBatchBytes: number;
  /** Appends that may wait; beyond, they are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** Payload that may wait, in characters. */
  readonly maxWaitingBytes: number;
  /** How long an append may take altogether, in milliseconds. */
  readonly timeoutMs: number;
  /** How long an append waits for a log that cannot be written, in milliseconds: so long a restart takes. */
  readonly outageMs: number;
}

export const groupCommitDefaults: GroupCommitOptions = {
  maxBatchEvents: 512,
  maxBatchBytes: 2 * 1024 * 1024,
  maxWaiting: 10_000,
  maxWaitingBytes: 64 * 1024 * 1024,
  timeoutMs: 10_000,
  outageMs: 2_000,
};

/** An answer must be on its way before its caller gives up, or it is none. */
const MARGIN_MS = 100;

export interface GroupCommit {
  /** Resolves when the append is committed; errors as in AggregateStore.append. */
  append(ctx: Context, append: Append): Promise<Appended>;
  /** Resolves when everything accepted so far is answered. */
  drain(): Promise<void>;
}

interface Waiting {
  readonly append: Append;
  readonly bytes: number;
  readonly deadline: number;
  /** When it stops waiting for a log that cannot be written. */
  readonly patience: number;
  readonly signal: AbortSignal;
  readonly settle: (result: AppendResult) => void;
  /** Set by `settle`; who has an answer takes no further part in its batch. */
  answered: boolean;
}

/**
 * @param committed called after each commit, with the position of its last event
 */
export function createGroupCommit(
  log: EventLog,
  logger: Logger,
  committed: (position: bigint) => void,
  overrides: Partial<GroupCommitOptions> = {},
): GroupCommit {
  const options = { ...groupCommitDefaults, ...overrides };
  let queue: Waiting[] = [];
  let waiting = 0;
  let waitingBytes = 0;
  let running: Promise<void> | undefined;

  function append(ctx: Context, append: Append): Promise<Appended> {
    const bytes = append.events.reduce((sum, { data }) => sum + data.length + 400, 0);
    if (waiting >= options.maxWaiting || waitingBytes + bytes > options.maxWaitingBytes) {
      return Promise.reject(
        new CodedError(
          'overloaded',
          'too_many_appends',
          `${waiting} appends are waiting already; try again later.`,
          {
            retryAfterMs: 1_000,
          },
        ),
      );
    }
    waiting++;
    waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      const now = Date.now();
      const deadline =
        Math.min(ctx.deadline ?? Number.POSITIVE_INFINITY, now + options.timeoutMs) - MARGIN_MS;
      const entry: Waiting = {
        append,
        bytes,
        deadline,
        patience: Math.min(deadline, now + options.outageMs),
        signal: ctx.signal,
        answered: false,
        settle: (result) => {
          entry.answered = true;
          waiting--;
          waitingBytes -= bytes;
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      queue.push(entry);
      // On the next turn, so that all who arrive in this one go together.
      running ??= new Promise<void>((done) => setImmediate(done)).then(run);
    });
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const batch = take();
      await commit(batch);
    }
    running = undefined;
  }

  /**
   * The next batch: in order of arrival, within the bounds, and no event id
   * twice. A repeat waits for the next batch, where the first is in the log.
   */
  function take(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const ids = new Set<string>();
    let events = 0;
    let bytes = 0;
    const now = Date.now();
    for (const [index, one] of queue.entries()) {
      if (one.signal.aborted || one.deadline <= now) {
        one.settle(
          new CodedError(
            'timeout',
            'append_timeout',
            'The append waited for its turn until its time ran out; nothing was written.',
          ),
        );
        continue;
      }
      const fits =
        batch.length === 0 ||
        (events + one.append.events.length <= options.maxBatchEvents &&
          bytes + one.bytes <= options.maxBatchBytes);
      if (!fits) {
        left.push(...queue.slice(index));
        break;
      }
      if (one.append.events.some(({ eventId }) => ids.has(eventId))) {
        left.push(one);
        continue;
      }
      for (const { eventId } of one.append.events) ids.add(eventId);
      events += one.append.events.length;
      bytes += one.bytes;
      batch.push(one);
    }
    queue = left;
    return batch;
  }

  /** Answers everybody in `batch`; never rejects. */
  async function commit(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const ctx = background();
    try {
      const done = await log.append(ctx, predict(batch.map(({ append }) => append)));
      if (done !== undefined) return settleInOrder(batch, done.first, done.versions);
    } catch (error) {
      // A constraint, an outage, an unknown outcome: the slow path reads what
      // is there and goes on from that, whatever it was.
      logger.debug({ err: error, appends: batch.length }, 'the fast path failed');
    }
    await commitSlowly(ctx, batch);
  }

  function settleInOrder(
    batch: readonly Waiting[],
    first: bigint,
    versions: readonly bigint[],
  ): void {
    let index = -1;
    for (const { append, settle } of batch) {
      index += append.events.length;
      settle({ version: versions[index] ?? 0n, position: first + BigInt(index) });
    }
    committed(first + BigInt(index));
  }

  /** Read, classify, write what is left; again until everybody has an answer or no time is left. */
  async function commitSlowly(ctx: Context, batch: readonly Waiting[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await classifyAndWrite(ctx, batch.filter(unanswered));
        expire(batch, ({ deadline }) => deadline, undefined);
      } catch (error) {
        const rest = batch.filter(unanswered);
        if (isOutage(error)) {
          if (attempt === 0) {
            logger.warn({ err: error, appends: rest.length }, 'the log cannot be written');
          }
          expire(rest, ({ patience }) => patience, error);
        } else if (sqlState(error) === '23505') {
          // Somebody was quicker between the reading and the writing, or an
          // earlier statement of unknown outcome committed after all. The next
          // reading shows it.
          expire(rest, ({ deadline }) => deadline, error);
        } else if (rest.length > 1) {
          // A statement the database will not have: halve until the culprit is alone.
          const half = Math.ceil(rest.length / 2);
          await commitSlowly(ctx, rest.slice(0, half));
          return await commitSlowly(ctx, rest.slice(half));
        } else {
          logger.error({ err: error }, 'the database refuses an append');
          for (const { settle } of rest) settle(codedError(error));
        }
      }
      if (!batch.some(unanswered)) return;
      await sleep(Math.random() * Math.min(250, 5 * 2 ** Math.min(attempt, 6)));
    }
  }

  async function classifyAndWrite(ctx: Context, batch: readonly Waiting[]): Promise<void> {
    const appends = batch.map(({ append }) => append);
    const { results, survivors } = classify(appends, await log.snapshot(ctx, appends));
    for (const [index, result] of results.entries()) {
      if (result !== undefined) batch[index]?.settle(result);
    }
    const left = batch.filter(unanswered);
    if (left.length === 0) return;
    // The versions follow on those that were read, which never go away; if one
    // is taken meanwhile, the constraint says so.
    const done = await log.append(ctx, survivors.map(decided));
    // Undefined: on CockroachDB zero rows may come back although they were
    // written. The next reading tells.
    if (done !== undefined) settleInOrder(left, done.first, done.versions);
  }

  function expire(
    batch: readonly Waiting[],
    until: (one: Waiting) => number,
    cause: unknown,
  ): void {
    const now = Date.now();
    for (const one of batch) {
      if (one.answered || now < until(one)) continue;
      one.settle(
        new CodedError(
          'unavailable',
          'log_unavailable',
          'The event log cannot be written at the moment; the same append may be sent again.',
          { cause, retryAfterMs: 1_000 },
        ),
      );
    }
  }

  return {
    append,
    drain: async () => {
      while (running !== undefined) await running;
    },
  };
}

const unanswered = ({ answered }: Waiting): boolean => !answered;

/** An event whose version was worked out from what was read. */
const decided = ({ event, version }: NumberedEvent): PredictedEvent => ({
  event,
  version,
  offset: 0n,
  predecessor: undefined,
});

const isOutage = (error: unknown): boolean =>
  ['unavailable', 'timeout'].includes(codedError(error).kind);
