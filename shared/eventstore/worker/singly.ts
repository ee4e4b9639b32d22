/** Events that go singly through an endpoint, until each is done or parked. */
import { setTimeout as delay } from 'node:timers/promises';
import { background, type Context, causedBy, withSignal } from '../../kit/context.ts';
import type { Delivery } from '../../kit/delivery.ts';
import type { Endpoint } from '../../kit/endpoint.ts';
import { CodedError, codedError, kinds } from '../../kit/errors.ts';
import { type Logger, logFields } from '../../kit/logger.ts';
import type { Hook, Outcome } from '../../kit/transport/hooks.ts';
import { createKeyLanes } from '../../kit/transport/jetstream/messages/key-lanes.ts';
import { retryDelay } from '../../kit/transport/jetstream/messages/retry-delay.ts';
import type { RecordedEvent } from '../event-store.ts';
import { createSlots } from './slots.ts';

export interface SinglyOptions {
  /** With the middleware that parks. */
  readonly endpoint: Endpoint<Delivery<RecordedEvent>, unknown>;
  readonly hook: Hook<RecordedEvent>;
  /** See LogFollowerOptions. */
  readonly continued: (ctx: Context, traceparent: string) => Context;
  /** Events being answered at the same time. */
  readonly maxInFlight: number;
  /** From this attempt on the endpoint is told that it is the last. */
  readonly maxDeliver: number;
  /** Wait before the second attempt, the third, …; the last counts for all further ones. */
  readonly retryDelaysMs: readonly number[];
  /** Events up to this position may have been followed before. */
  readonly repeatsUpTo: bigint;
  /** Called with the result of each attempt, and when it began by `performance.now()`. */
  readonly onAttempt: (outcome: Outcome, since: number) => void;
  readonly logger: Logger;
}

/** Runs events through the endpoint: those of one aggregate in their order, others at the same time. */
export interface Singly {
  /** An event of this aggregate is not done yet. */
  has(aggregateId: string): boolean;
  /**
   * Resolves with true when the event is done or parked, with false if `close` came first. A
   * failed one is tried again after a wait, and later events of its aggregate wait behind it.
   */
  follow(event: RecordedEvent): Promise<boolean>;
  /** Begins no attempt any more, waits for the running ones, and after `waitMs` aborts them. */
  close(waitMs: number): Promise<void>;
}

/** How long endpoints have to notice an abort. */
const ABORT_WAIT_MS = 500;

/** None at first. The caller bounds how many wait. */
export function singly(options: SinglyOptions): Singly {
  const { endpoint, hook, maxDeliver, retryDelaysMs, repeatsUpTo, logger } = options;
  const lanes = createKeyLanes();
  const slots = createSlots(options.maxInFlight);
  const closing = new AbortController();
  const aborting = new AbortController();
  const underWay = new Map<string, number>();
  const running = new Set<Promise<unknown>>();

  function contextOf({ eventId, metadata }: RecordedEvent): Context {
    const ctx = withSignal(background(metadata.correlation_id), aborting.signal);
    const caused = causedBy(ctx, { eventId });
    return options.continued(caused, metadata.traceparent ?? '');
  }

  async function attempt(event: RecordedEvent, deliveries: number): Promise<Outcome> {
    const since = performance.now();
    const ctx = hook.before(contextOf(event), event);
    let outcome: Outcome = { status: 'acked', error: undefined };
    try {
      await endpoint(ctx, {
        body: event,
        messageId: event.eventId,
        sequence: event.position,
        deliveries,
        last: deliveries >= maxDeliver,
        mayBeRepeat: deliveries > 1 || event.position <= repeatsUpTo,
        traceparent: event.metadata.traceparent ?? '',
      });
    } catch (error) {
      const parked = kinds[codedError(error).kind].queue === 'parked';
      outcome = { status: parked ? 'parked' : 'retried', error };
      if (!parked) logger.debug({ ...logFields(ctx), err: error }, 'an event is tried again later');
    }
    hook.after(ctx, event, outcome);
    options.onAttempt(outcome, since);
    return outcome;
  }

  async function untilDone(event: RecordedEvent): Promise<boolean> {
    for (let deliveries = 1; ; deliveries++) {
      const { status, error } = await slots.run(() => {
        closing.signal.throwIfAborted();
        const trying = attempt(event, deliveries);
        running.add(trying);
        return trying.finally(() => running.delete(trying));
      });
      if (status !== 'retried') return true;
      const waitMs = retryDelay(retryDelaysMs, deliveries, codedError(error).retryAfterMs);
      await delay(waitMs, undefined, { signal: closing.signal });
    }
  }

  function count(aggregateId: string, more: 1 | -1): void {
    const left = (underWay.get(aggregateId) ?? 0) + more;
    if (left === 0) underWay.delete(aggregateId);
    else underWay.set(aggregateId, left);
  }

  return {
    has: (aggregateId) => underWay.has(aggregateId),

    async follow(event) {
      count(event.aggregateId, 1);
      try {
        return await lanes.run(event.aggregateId, () => untilDone(event));
      } catch (error) {
        if (closing.signal.aborted) return false;
        throw error;
      } finally {
        count(event.aggregateId, -1);
      }
    },

    async close(waitMs) {
      const reason = new CodedError('cancelled', 'stopped', 'The follower is stopping.');
      closing.abort(reason);
      const ended = Promise.allSettled(running).then(() => true);
      if (await Promise.race([ended, delay(waitMs, false, { ref: false })])) return;
      logger.warn({ running: running.size }, 'aborting what is in flight');
      aborting.abort(reason);
      await Promise.race([ended, delay(ABORT_WAIT_MS, undefined, { ref: false })]);
    },
  };
}
