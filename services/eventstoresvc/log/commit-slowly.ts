/**
 * The slow path of a batch, taken after any failure, even one of unknown outcome:
 * reads what the log holds, finds which appends were at fault (classify.ts), and
 * writes the rest.
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

/** Answers `batch`, whose events were written at these versions from position `first` on. */
export type Settle = (
  batch: readonly Waiting[],
  first: bigint,
  versions: readonly bigint[],
) => void;

/**
 * Reads, classifies and writes until every append has an answer or its time is up.
 * Never rejects.
 *
 * @param settle answers the appends of a batch that were just written
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
        // Another writer came between the read and the write, or an earlier statement of
        // unknown outcome committed after all. The next read shows it.
        expire(rest, ({ deadline }) => deadline, error);
      } else if (rest.length > 1) {
        // The database rejects the statement: halve the batch until the culprit is alone.
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
  const { results, unproven, survivors } = classify(appends, await log.snapshot(ctx, appends));
  const told = (index: number) => {
    const result = results[index];
    if (result !== undefined) batch[index]?.settle(result);
  };
  for (const index of batch.keys()) if (!unproven.has(index)) told(index);
  const left = batch.filter((one, index) => results[index] === undefined && unanswered(one));
  if (left.length === 0) return;
  // The versions follow those that were read, which are never removed; if one is
  // taken meanwhile, the constraint fails.
  const done = await log.append(ctx, survivors.map(decided));
  // Undefined: CockroachDB may return zero rows although it wrote them. The next
  // read shows it.
  if (done === undefined) return;
  settle(left, done.first, done.versions);
  for (const index of unproven) told(index);
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

/** An event with the version that classify.ts gave it. */
const decided = ({ event, version }: NumberedEvent): PredictedEvent => ({
  event,
  version,
  offset: 0n,
  predecessor: undefined,
});

const isOutage = (error: unknown): boolean =>
  ['unavailable', 'timeout'].includes(codedError(error).kind);
