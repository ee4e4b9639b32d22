/**
 * The clock as a transport: finds deadlines that are due, calls one endpoint for each,
 * and answers for it. The endpoint removes the deadline as its last step; after a failure
 * the clock fires it again, later.
 */
import { background, type Context, causedBy, withSignal } from '../kit/context.ts';
import type { Endpoint } from '../kit/endpoint.ts';
import { isMachineryFailure } from '../kit/errors.ts';
import { type Logger, logFields } from '../kit/logger.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { retryDelay } from '../kit/transport/jetstream/messages/retry-delay.ts';
import type { CatchUp } from './catch-up.ts';
import type { Deadlines, UpcomingDeadline } from './deadlines.ts';
import type { DeliveryWatch } from './delivery-watch.ts';

export interface DeadlineTransportOptions<Kind extends string> {
  readonly deadlines: Pick<Deadlines<Kind>, 'upcoming' | 'postpone' | 'hold'>;
  /** No deadline fires that is due after what it has read, unless it is at its ceiling. */
  readonly catchUp: CatchUp;
  /** No deadline fires whose worker could not have answered. */
  readonly delivery: DeliveryWatch<Kind>;
  /** `ctx` in the trace of `traceparent`: a firing belongs to the trace of the event that began the wait. */
  readonly continued: (ctx: Context, traceparent: string) => Context;
  /** The most firings at once. */
  readonly maxFiring: number;
  /**
   * The longest time between two looks, in milliseconds: a deadline set meanwhile may be
   * due before all others.
   */
  readonly pollMs: number;
  readonly logger: Logger;
  /** The log field of the aggregate's id. Default `aggregate_id`. */
  readonly idField?: string;
}

/** Wait before a failed firing is tried again, in milliseconds: an outage passes, but what cannot be read seldom changes. */
const RETRY_MS = { away: [250, 1_000, 5_000], refused: [5_000, 60_000, 300_000] } as const;
/** Deadlines per look while some due ones must wait, because those come before the others. */
const WAITING_AT_ONCE = 1_000;
/** How long `stop` lets firings finish before it aborts them; repeating them is harmless. */
const FINISH_MS = 3_000;

/**
 * Fires from start to stop, in the order in which deadlines are due, several at once;
 * postpones those that wait for their worker's turn. One that hangs or fails holds up no
 * other. Each failure in a row halves how many are tried at once, so that an event store
 * that is away gets one firing now and then rather than all.
 */
export function deadlineTransport<Kind extends string>(
  endpoint: Endpoint<UpcomingDeadline<Kind>, unknown>,
  options: DeadlineTransportOptions<Kind>,
): Component {
  const { deadlines, logger, pollMs, maxFiring, idField = 'aggregate_id' } = options;
  const stopping = new AbortController();
  const aborting = new AbortController();
  const firing = new Map<string, Promise<void>>();
  let failuresInARow = 0;
  let moreDue = false;
  let waiting = false;
  let behind = false;
  let wake: () => void = () => undefined;
  let problem: string | undefined = 'deadlines have not been checked yet';
  let running: Promise<void> | undefined;

  const atOnce = () => Math.max(1, maxFiring >> failuresInARow);
  /** Enough for a worthwhile look: one for each firing that ends would be too many. */
  const hasRoom = () => firing.size <= atOnce() / 2;

  /** Starts due deadlines while there is room; resolves with the wait until the next look. */
  async function look(): Promise<number> {
    const ctx = withSignal(background(), aborting.signal);
    await options.delivery.look(ctx);
    const limit = Math.max(atOnce(), firing.size + 1, waiting ? WAITING_AT_ONCE : 0);
    const found = await deadlines.upcoming(ctx, limit);
    const due = found.filter((one) => one.dueInMs <= 0 && !firing.has(keyOf(one)));
    const readUntil = due.length === 0 ? 0 : await options.catchUp.readUntil(ctx);
    const held: (UpcomingDeadline<Kind> & { waitMs: number })[] = [];
    behind = false;
    for (const deadline of due) {
      const waitMs = options.delivery.rest(deadline);
      if (waitMs > 0) held.push({ ...deadline, waitMs });
      else if (deadline.dueAt.getTime() >= readUntil && deadline.ceilingInMs > 0) behind = true;
      else if (firing.size >= atOnce() || stopping.signal.aborted) break;
      else {
        const key = keyOf(deadline);
        firing.set(
          key,
          fire(deadline).finally(() => firing.delete(key)),
        );
      }
    }
    if (held.length > 0) await deadlines.hold(ctx, held);
    problem = undefined;
    waiting = behind || held.length > 0;
    const next = found.find(({ dueInMs }) => dueInMs > 0);
    moreDue = next === undefined && found.length === limit && !behind;
    if (next !== undefined) return Math.min(pollMs, Math.ceil(next.dueInMs));
    return moreDue && hasRoom() ? 0 : pollMs;
  }

  async function fire(deadline: UpcomingDeadline<Kind>): Promise<void> {
    const { aggregateId, kind, correlationId, causedBy: eventId, attempts } = deadline;
    const root = background(correlationId === '' ? undefined : correlationId);
    const caused = causedBy(withSignal(root, aborting.signal), { eventId });
    const ctx = options.continued(caused, deadline.traceparent);
    try {
      await endpoint(ctx, deadline);
      failuresInARow = 0;
      firing.delete(keyOf(deadline));
      if (moreDue && hasRoom()) wake();
    } catch (error) {
      if (aborting.signal.aborted) return;
      const away = isMachineryFailure(error);
      // A fault of one aggregate says nothing about the next.
      if (away) failuresInARow = Math.min(failuresInARow + 1, 30);
      const waitMs = retryDelay(away ? RETRY_MS.away : RETRY_MS.refused, attempts + 1);
      logger.warn(
        {
          ...logFields(ctx),
          err: error,
          [idField]: aggregateId,
          kind,
          attempts: attempts + 1,
          waitMs,
        },
        'a deadline could not be fired: trying again',
      );
      // If even this cannot be written, the deadline stays due and the next look finds it.
      await deadlines.postpone(ctx, deadline, waitMs).catch(() => undefined);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let pauseMs = pollMs;
      try {
        pauseMs = await look();
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        logger.debug({ err: error }, 'deadlines could not be read');
      }
      if (!stopping.signal.aborted) await pause(pauseMs);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    name: 'deadlines',
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort();
      const impatient = setTimeout(() => aborting.abort(new Error('stopping')), FINISH_MS);
      wake();
      await running;
      await Promise.allSettled(firing.values());
      clearTimeout(impatient);
    },
    notReady: () => problem,
    // The cause passes by itself or waits for an operator; either way this process is
    // healthy.
    degraded: () => (behind ? 'deadlines wait until the log has been read far enough' : undefined),
  };
}

const keyOf = ({ kind, aggregateId }: UpcomingDeadline): string => `${kind} ${aggregateId}`;
