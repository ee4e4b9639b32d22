/** A worker's durable as a broker may treat it: late, twice, out of order, restarted. */
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Faults } from './faults.ts';

export interface WorkerQueue {
  /** An event was published. */
  push(event: RecordedEvent): void;
  /** Delivers one message that is due, if there is one; resolves with whether there was. */
  deliver(): Promise<boolean>;
  /** The durable is recreated at an older checkpoint, and the worker subscribes again. */
  beginAgain(log: readonly RecordedEvent[]): void;
}

export interface WorkerQueueOptions {
  readonly name: string;
  /** Rejects with `parked` if the message was given up. */
  readonly handler: (delivery: Delivery<RecordedEvent>) => Promise<unknown>;
  readonly faults: Faults;
  /** Another client acknowledges these now and then. */
  readonly stolen: (event: RecordedEvent) => boolean;
}

/** Deliveries of one message, as a durable's `max_deliver`. */
export const MAX_DELIVER = 6;

interface Pending {
  readonly event: RecordedEvent;
  deliveries: number;
  busy: boolean;
}

export function workerQueue(options: WorkerQueueOptions): WorkerQueue {
  const { name, handler, stolen } = options;
  const { random, on, tell } = options.faults;
  let pending: Pending[] = [];
  let subscribedAt = 0n;

  /** Mostly the first free one; sometimes another; sometimes one that is being processed. */
  function next(): Pending | undefined {
    if (on() && random.chance(0.05)) return random.pick(pending);
    const free = pending.filter(({ busy }) => !busy);
    return on() && random.chance(0.3) ? random.pick(free) : free[0];
  }

  function end(one: Pending): void {
    // An acknowledgement may be lost.
    if (on() && random.chance(0.1)) return;
    pending = pending.filter((other) => other !== one);
  }

  async function serve(one: Pending): Promise<void> {
    const { event } = one;
    one.busy = true;
    one.deliveries++;
    tell(`${name} <- ${event.aggregateId} ${event.eventType} (${one.deliveries})`);
    try {
      await handler({
        body: event,
        messageId: event.eventId,
        sequence: event.position,
        deliveries: one.deliveries,
        last: one.deliveries >= MAX_DELIVER,
        overdue: one.deliveries > MAX_DELIVER,
        mayBeRepeat: one.deliveries > 1 || event.position <= subscribedAt,
        traceparent: '',
      });
      end(one);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      tell(`  ${name} failed: ${error.code}`);
      if (error.kind === 'parked') end(one);
    } finally {
      one.busy = false;
    }
  }

  return {
    push: (event) => void pending.push({ event, deliveries: 0, busy: false }),
    deliver: async () => {
      const one = next();
      if (one === undefined) return false;
      if (on() && stolen(one.event) && random.chance(0.2)) {
        tell(`${name} is robbed of ${one.event.aggregateId} ${one.event.eventType}`);
        pending = pending.filter((other) => other !== one);
      } else await serve(one);
      return true;
    },
    beginAgain: (log) => {
      const done = (pending[0]?.event.position ?? BigInt(log.length) + 1n) - 1n;
      const checkpoint = random.below(Number(done) + 1);
      tell(`${name} begins again after ${checkpoint}`);
      pending = log.slice(checkpoint).map((event) => ({ event, deliveries: 0, busy: false }));
      subscribedAt = BigInt(log.length);
    },
  };
}
