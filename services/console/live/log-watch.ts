import { setTimeout as delay } from 'node:timers/promises';
import { orderAggregate } from '../../../shared/contracts/subjects.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { unsampled } from '../../../shared/eventstore/unsampled.ts';
import { background, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import type { Changes, OrderChanges } from './order-changes.ts';

export interface LogWatchOptions {
  readonly store: Pick<EventStore, 'batches' | 'head' | 'readAggregate'>;
  readonly changes: OrderChanges;
  readonly logger: Logger;
  /** So many of the newest events are read at the start: what is open now began there. */
  readonly lookBack: number;
}

/** Follows the log for what the console shows of all orders. */
export interface LogWatch extends Component {
  /** Position of the last event that was seen. */
  position(): bigint;
  /** The end of the log, as far as it is known. */
  head(): bigint;
  /** Why not everything is seen, for people. */
  blind(): string | undefined;
  /** As `OrderChanges.look`, with the orders complete whose first events are older. */
  look(most: number): Promise<Changes>;
}

/** So much later than it happens it may be seen: events that come together cost far less. */
const GATHER_MS = 250;
/** Pause after a failure: half of `first`, doubling up to `longest`, in milliseconds. */
const PAUSE_MS = { first: 200, longest: 5_000 };
/** For reading an order whole. */
const WHOLE_MS = 1_000;

/** Reads from start to stop; after a failure it goes on behind the last event that it saw. */
export function logWatch({ store, changes, logger, lookBack }: LogWatchOptions): LogWatch {
  const stopping = new AbortController();
  const ctx = () => unsampled(withSignal(background(), stopping.signal));
  let position = 0n;
  let eventId: string | undefined;
  let from: bigint | undefined;
  /** What was there when the watch began. */
  let past = 0n;
  let failure: string | undefined = 'the log has not been read yet';
  let running: Promise<void> | undefined;

  async function read(): Promise<void> {
    if (from === undefined) {
      const head = await store.head(ctx());
      from = head > BigInt(lookBack) ? head - BigInt(lookBack) : 0n;
      position = from;
      past = head;
    }
    const batches = await store.batches(ctx(), {
      afterPosition: position,
      ...(eventId !== undefined && { afterEventId: eventId }),
      follow: true,
      gatherMs: GATHER_MS,
      withoutMetadata: true,
    });
    failure = undefined;
    for await (const events of batches) {
      const known = events.findLastIndex((event) => event.position <= past) + 1;
      if (known > 0) changes.take(events.slice(0, known), true);
      if (known < events.length) changes.take(known === 0 ? events : events.slice(known));
      const last = events.at(-1);
      if (last !== undefined) ({ position, eventId } = last);
    }
  }

  async function insist(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      const before = position;
      await read().catch((err) => {
        if (stopping.signal.aborted) return;
        if (position !== before) failures = 0;
        // After a restore the log may be shorter, or another one.
        if (isOtherLog(err)) {
          ({ position, eventId, from } = forgotten);
          changes.forget();
        }
        failure = `the log cannot be read: ${err instanceof Error ? err.message : err}`;
        if (failures % 10 === 0) logger.warn({ err }, 'the console does not see the log');
      });
      const mostMs = Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** Math.min(failures, 6));
      const pause = delay(mostMs * (0.5 + Math.random() / 2), undefined, stopping);
      await pause.catch(() => undefined);
    }
  }

  return {
    name: 'log watch',
    start: async () => {
      running = insist();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    degraded: () => failure,
    position: () => position,
    head: () => (position > past ? position : past),
    blind: () =>
      failure ??
      (from !== undefined && from > 0n
        ? `orders whose last event is at or before position ${from} are not among the open ones`
        : undefined),
    async look(most) {
      const found = changes.look(most);
      if (found.partly.length === 0) return found;
      const asking = withTimeLeft(ctx(), WHOLE_MS);
      const whole = found.partly.map(async (id) => {
        changes.complete(id, await store.readAggregate(asking, orderAggregate(id)));
      });
      await Promise.allSettled(whole);
      return { ...found, newest: changes.of(found.newest.map(({ orderId }) => orderId)) };
    },
  };
}

const forgotten = { position: 0n, eventId: undefined, from: undefined } as const;

const isOtherLog = (error: unknown): boolean => codedError(error).code === 'place_not_in_log';
