/**
 * Since when the awaited workers could have answered. A deadline measures a silent
 * worker, not a long queue: it counts from when the event was delivered to its worker,
 * which is kept beside the worker's checkpoint. While the broker is silent nobody can
 * answer, and afterwards it delivers again what it had delivered: then the time starts
 * again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '../eventstore/event-store.ts';
import { unsampled } from '../eventstore/unsampled.ts';
import type { Context } from '../kit/context.ts';
import { type DeadlineRule, type DeadlineRules, isAskedAgain } from './deadline-rules.ts';
import type { UpcomingDeadline } from './deadlines.ts';

export interface DeliveryWatch<Kind extends string = string> {
  /**
   * Call it often: records how far the workers' deliveries are, once in `everyMs`, with
   * one query for each worker. Rejects with the event store's error.
   */
  look(ctx: Context): Promise<void>;
  /**
   * How much longer a due deadline must wait, in milliseconds; 0: it fires. If its event
   * was not delivered yet, it waits until its ceiling at most; if the event was delivered
   * again and again, for its own time beyond that.
   */
  rest(deadline: Pick<UpcomingDeadline<Kind>, 'kind' | 'position' | 'ceilingInMs'>): number;
}

export interface DeliveryWatchOptions<Kind extends string> {
  readonly rules: DeadlineRules<Kind>;
  /** Between two queries, in milliseconds. */
  readonly everyMs: number;
  /**
   * Resolves once the broker has answered for these consumers. Time without an answer
   * does not count.
   */
  readonly broker: (consumers: readonly string[]) => Promise<unknown>;
  /**
   * After this long without an answer, in milliseconds, the broker counts as silent, and
   * delivers again what it had delivered. A slow answer on a busy machine is no silence.
   * Default 3,000.
   */
  readonly silentMs?: number;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/** Everything up to `delivered` has been delivered since `sinceMs` of the watched time. */
interface Mark {
  readonly delivered: bigint;
  readonly sinceMs: number;
}

/**
 * A pause longer than this many intervals does not count as time to answer: the event
 * store was away, or this process, or the machine.
 */
const COUNTED_INTERVALS = 3;

/** Often enough to delay deadlines by a sixtieth at most, and no more often than anybody looks. */
export function lookEveryMs<Kind extends string>(
  rules: DeadlineRules<Kind>,
  pollMs: number,
): number {
  const waits = watched(rules).map(({ waitMs }) => waitMs);
  return waits.length === 0 ? pollMs : Math.max(pollMs, Math.min(...waits) / 60);
}

/** The rules whose time counts from a delivery. Asking again is harmless, however short the wait was. */
const watched = <Kind extends string>(rules: DeadlineRules<Kind>): readonly DeadlineRule[] =>
  Object.values<DeadlineRule>(rules).filter(
    (rule) => rule.answeredBy !== undefined && !isAskedAgain(rule),
  );

/**
 * Remembers what it has seen since it was created, back to the longest wait; so after a
 * start each deadline waits once more. Nothing to close.
 */
export function deliveryWatch<Kind extends string>(
  store: Pick<EventStore, 'getCheckpoint'>,
  {
    rules,
    everyMs,
    broker,
    silentMs = 3_000,
    now = () => performance.now(),
  }: DeliveryWatchOptions<Kind>,
): DeliveryWatch<Kind> {
  const consumers = [
    ...new Set(
      Object.values<DeadlineRule>(rules).flatMap(({ answeredBy }) => answeredBy?.consumer ?? []),
    ),
  ];
  const marks = new Map<string, Mark[]>(consumers.map((consumer) => [consumer, []]));
  const longestMs = Math.max(0, ...watched(rules).map(({ waitMs }) => waitMs));
  let watchedMs = 0;
  let lookedAt: number | undefined;
  let asking: Promise<boolean> | undefined;
  let silentSince: number | undefined;
  let silent = false;

  /** Whether the broker answers; a silent one gets no further queries until it does. */
  function hears(): Promise<boolean> {
    asking ??= broker(consumers)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        asking = undefined;
      });
    return Promise.race([asking, delay(silentMs / 3, false, { ref: false })]);
  }

  /** Everything delivered so far is delivered once more, from now on. */
  function again(own: Mark[]): void {
    const last = own.at(-1);
    if (last !== undefined) own.splice(0, own.length, { ...last, sinceMs: watchedMs });
  }

  function note(own: Mark[], delivered: bigint): void {
    // The position goes back if the stream was recreated: what is beyond is delivered
    // once more.
    let sinceMs = watchedMs;
    for (let last = own.at(-1); last !== undefined && last.delivered >= delivered; ) {
      sinceMs = last.sinceMs;
      own.pop();
      last = own.at(-1);
    }
    own.push({ delivered, sinceMs });
    while (own[1] !== undefined && own[1].sinceMs <= watchedMs - longestMs) own.shift();
  }

  return {
    async look(ctx) {
      if (consumers.length === 0) return;
      const at = now();
      if (lookedAt !== undefined && at - lookedAt < everyMs) return;
      if (!(await hears())) {
        silentSince ??= at;
        lookedAt = at;
        return;
      }
      silent ||= silentSince !== undefined && at - silentSince >= silentMs;
      silentSince = undefined;
      const found = await Promise.all(
        consumers.map((consumer) => store.getCheckpoint(unsampled(ctx), consumer)),
      );
      if (lookedAt !== undefined) watchedMs += Math.min(at - lookedAt, COUNTED_INTERVALS * everyMs);
      lookedAt = at;
      if (silent) for (const own of marks.values()) again(own);
      silent = false;
      for (const [index, consumer] of consumers.entries()) {
        note(marks.get(consumer) ?? [], found[index]?.delivered ?? 0n);
      }
    },

    rest({ kind, position, ceilingInMs }) {
      const { answeredBy, waitMs } = rules[kind];
      if (position === 0n || answeredBy === undefined) return 0;
      const own = marks.get(answeredBy.consumer) ?? [];
      const mark = own.find(({ delivered }) => delivered >= position);
      if (mark === undefined) {
        return ceilingInMs <= 0 ? 0 : Math.max(1, Math.min(waitMs, ceilingInMs));
      }
      if (isAskedAgain(rules[kind]) || ceilingInMs <= -waitMs) return 0;
      return Math.max(0, waitMs - (watchedMs - mark.sinceMs));
    },
  };
}
