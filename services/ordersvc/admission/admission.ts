/**
 * Whether a new order is welcome. With more unfinished orders than the system finishes
 * within the goal, a further one would make all wait: it is refused at once, before its
 * body is read, and costs hardly anything. Repeats, reads and decisions are not new orders.
 */

import { orderMetrics } from '../../../shared/contracts/metric-list.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { unsampled } from '../../../shared/eventstore/unsampled.ts';
import { background, withTimeLeft } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import type { OrderStage, OrderStages } from '../views/order-rows.ts';
import { callerCounts } from './caller-counts.ts';
import { type OrderLimitOptions, orderLimit } from './order-limit.ts';
import { unfinishedOrders } from './unfinished-orders.ts';

/** Asked before an order is read and placed. */
export interface Admission {
  /** Why a new order of this caller is refused at present; undefined if it is welcome. Counts a refusal. */
  refusal(caller: string): CodedError | undefined;
  /** An order of this caller is being placed. Call the result once: with the order's id if it was accepted now. */
  placing(caller: string): (orderId?: string) => void;
}

export interface AdmissionOptions extends OrderLimitOptions {
  readonly readModel: OrderStages;
  readonly store: Pick<EventStore, 'getCheckpoint'>;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** Between two looks, in milliseconds: one small question while orders are on their way, none while none is. */
const LOOK_EVERY_MS = 200;
/** For one look: a slower one says less than the next. */
const LOOK_WITHIN_MS = 1_000;
/** How often reviewworker's progress is asked for, in milliseconds: it saves it once a second. */
const REVIEW_EVERY_MS = 1_000;
/** After this long, in milliseconds, an order counts no more: it hangs, or waits for a person. */
const GIVE_UP_MS = 60_000;
/**
 * How long a refused caller is told to wait, in milliseconds: there is room again before the
 * last order that was accepted is finished, and who waits until then finds an idle system.
 */
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 10_000;

/** Welcomes every order: for a goal of 0, and for tests of other things. */
export const openAdmission: Admission = {
  refusal: () => undefined,
  placing: () => () => undefined,
};

/**
 * An admission that looks at the read model by itself once started. `look` looks now, and
 * never rejects.
 */
export function createAdmission(
  options: AdmissionOptions,
): Admission & Component & { look(): Promise<void> } {
  const { readModel, store, meter, logger, now = () => performance.now() } = options;
  const limit = orderLimit(options);
  const orders = unfinishedOrders();
  /** Being placed: accepted or not, it is not known yet. */
  const begun = callerCounts();
  let reviewed = { position: 0n, atMs: Number.NEGATIVE_INFINITY };
  let refusal: CodedError | undefined;
  let refusing = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  const count = () => begun.total() + orders.count();
  const own = (caller: string) => begun.of(caller) + orders.of(caller);
  /** Whose orders are on their way, and who asks now. */
  const callers = (caller: string) =>
    Math.max(begun.callers(), orders.callers()) + (own(caller) === 0 ? 1 : 0);

  const refused = meter.counter(orderMetrics.refused);
  meter.observe(orderMetrics.unfinished, (tell) => tell(count()));
  meter.observe(orderMetrics.unfinishedLimit, (tell) => tell(limit.current()));
  meter.observe(orderMetrics.unfinishedAge, (tell) => tell(orders.ageMs(now()) / 1_000));

  /** Up to which position reviewworker was given the log: what is behind it waits for nobody but a person. */
  async function givenToReview(): Promise<bigint> {
    if (now() - reviewed.atMs < REVIEW_EVERY_MS) return reviewed.position;
    const { delivered } = await store.getCheckpoint(briefly(), durables.review);
    reviewed = { position: delivered, atMs: now() };
    return delivered;
  }

  async function finishedAmong(stages: readonly OrderStage[]): Promise<ReadonlySet<string>> {
    const paid = stages.some(({ status }) => status === 'Paid');
    const upTo = paid ? await givenToReview() : 0n;
    return new Set(stages.filter((stage) => isFinished(stage, upTo)).map(({ orderId }) => orderId));
  }

  async function lookNow(): Promise<void> {
    // What is given up has not finished: it says nothing about the rate.
    orders.forget(now() - GIVE_UP_MS);
    let finished = 0;
    const probes = orders.probes();
    try {
      if (probes.length > 0) {
        const stages = await readModel.stages(briefly(), probes);
        finished += orders.finished(await finishedAmong(stages));
      }
    } catch (err) {
      // Without sight orders are taken to be in time: an outage of the read model alone delays none.
      logger.debug({ err }, 'unfinished orders could not be looked at');
      finished += orders.forget(now() - options.goalMs);
    }
    const nowMs = now();
    const ageMs = orders.ageMs(nowMs);
    limit.looked({ nowMs, finished, ageMs });
    refusal = undefined;
    if (refusing !== limit.refusing(nowMs)) tell(!refusing, ageMs);
  }

  function tell(begins: boolean, ageMs: number): void {
    refusing = begins;
    const fields = { unfinished: count(), limit: limit.current(), oldest_ms: Math.round(ageMs) };
    if (begins) logger.warn(fields, 'new orders are refused until accepted ones are finished');
    else logger.info(fields, 'new orders are welcome again');
  }

  function look(): Promise<void> {
    looking ??= lookNow().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  return {
    name: 'admission',
    refusal: (caller) => {
      const wish = { unfinished: count(), own: own(caller), callers: callers(caller) };
      if (limit.admits(wish, now())) return undefined;
      refused.add(1);
      // One for all until the next look: an error costs more than the rest of a refusal.
      refusal ??= tooMany(orders.ageMs(now()), options.goalMs);
      return refusal;
    },
    placing: (caller) => {
      begun.add(caller, 1);
      return (orderId) => {
        begun.add(caller, -1);
        if (orderId !== undefined) orders.add(orderId, now(), caller);
      };
    },
    look,
    start: async () => {
      timer = setInterval(() => void look(), LOOK_EVERY_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
    degraded: () =>
      limit.refusing(now())
        ? `new orders are refused: ${count()} accepted ones are not finished, the oldest for ${Math.round(orders.ageMs(now()))} ms`
        : undefined,
  };
}

const briefly = () => withTimeLeft(unsampled(background()), LOOK_WITHIN_MS);

/** Paid and given to review, an order waits for its restaurant: no queue, and nothing that refusing others would shorten. */
function isFinished({ status, position }: OrderStage, givenToReview: bigint): boolean {
  if (status === 'Paid') return position <= givenToReview;
  return status !== 'Pending' && status !== 'None';
}

function tooMany(ageMs: number, goalMs: number): CodedError {
  return new CodedError(
    'overloaded',
    'orders_behind',
    'Accepted orders take too long at present, so no new one is accepted. Nothing was done; try again later.',
    { retryAfterMs: Math.min(MOST_RETRY_MS, Math.max(LEAST_RETRY_MS, ageMs - goalMs / 2)) },
  );
}
