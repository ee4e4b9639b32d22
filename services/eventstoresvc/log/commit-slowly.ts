/**
 * The slow path of a batch: read what the log holds, find out who was at fault
 * (classify.ts), and write the others; whatever went wrong before, an unknown
 * outcome included.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import { sqlState } from '../../../shared/kit/sql/database.ts';
import type { NumberedEvent } from './append.ts';
import { classify } from './classify.ts';
import type { PredictedEvent } from './optimistic.ts';
import type { EventLog } from './sql-log.ts';
import type { Waiting } from './waiting.ts';

/** Answers `batch`, whose events were written from position `first` at these versions. */
export type Settle = (
  batch: readonly Waiting[],
  first: bigint,
  versions: readonly bigint[],
) => void;

/**
 * Reads, classifies, writes what is left; again until everybody has an answer
 * or no time is left. Never rejects.
 *
 * @param settle answers those of a batch that were written now
 */
export async function commitSlowly(
  ctx: Context,
  batch: readonly Waiting[],
  log: EventLog,
  logger: Logger,
  settle: Settle,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await classifyAndWrite(ctx, batch.filter(unanswered), log, settle);
      expire(batch, ({ deadline }) => deadline, undefined);
    } catch (error) {
      const rest = batch.filter(unanswered);
      if (codedError(error).code === 'log_went_back') {
        for (const one of rest) one.settle(codedError(error));
      } else if (isOutage(error)) {
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
        await commitSlowly(ctx, rest.slice(0, half), log, logger, settle);
        return await commitSlowly(ctx, rest.slice(half), log, logger, settle);
      } else {
        logger.error({ err: error }, 'the database refuses an append');
        for (const one of rest) one.settle(codedError(error));
      }
    }
    if (!batch.some(unanswered)) return;
    await sleep(Math.random() * Math.min(250, 5 * 2 ** Math.min(attempt, 6)));
  }
}

async function classifyAndWrite(
  ctx: Context,
  batch: readonly Waiting[],
  log: EventLog,
  settle: Settle,
): Promise<void> {
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
  if (done !== undefined) settle(left, done.first, done.versions);
}

function expire(batch: readonly Waiting[], until: (one: Waiting) => number, cause: unknown): void {
  const now = performance.now();
  for (const one of batch) {
    if (one.answered || now < until(one)) continue;
    one.settle(
      new CodedError(
        'unavailable',
        'log_unavailable',
        'The event log cannot be written at the moment; repeating the same append is safe.',
        { cause, retryAfterMs: 1_000 },
      ),
    );
  }
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
