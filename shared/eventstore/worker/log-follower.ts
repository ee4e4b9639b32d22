/**
 * Follows the log's own batches: for a worker that has little to do for most events. What is
 * usual is done for a whole batch; everything else goes singly through an endpoint.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { UsualCase } from '../../kit/batch/followed-batch.ts';
import { background, type Context, withSignal } from '../../kit/context.ts';
import { codedError } from '../../kit/errors.ts';
import type { Logger } from '../../kit/logger.ts';
import { frameMetrics } from '../../kit/metrics/frame-metrics.ts';
import type { Meter } from '../../kit/metrics/meter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import { always, type Turn } from '../../kit/process/turn.ts';
import { guarded, type Hook } from '../../kit/transport/hooks.ts';
import { consumerMetrics } from '../../kit/transport/jetstream/consumer-metrics.ts';
import { retryDelay } from '../../kit/transport/jetstream/messages/retry-delay.ts';
import type { EventStore, RecordedEvent } from '../event-store.ts';
import { unsampled } from '../unsampled.ts';
import { dispatching, type Handles } from './handles.ts';
import { leftToOthers } from './left-to-others.ts';
import { createOutstanding, type Outstanding } from './outstanding.ts';
import { keepPlace } from './place-keeper.ts';
import { type ReplayOptions, type ReplaySource, replays } from './replays.ts';
import { type Singly, singly } from './singly.ts';

export interface LogFollowerOptions {
  /** Frozen name of its checkpoint and of its dead letters. */
  readonly consumer: string;
  /** The aggregates' type; other aggregates' events are skipped. */
  readonly aggregateType: string;
  /** What it answers; other events are skipped, and letters about them stay for the release that answers them. */
  readonly handles: Handles;
  /** Default: nothing is usual. */
  readonly usual?: UsualCase<RecordedEvent>;
  /** Among several instances. Default: this is the only one. */
  readonly turn?: Turn;
  /** The log, with the consumer's checkpoint and its dead letters. */
  readonly store: Pick<EventStore, 'batches' | 'head' | 'getCheckpoint' | 'saveCheckpoint'> &
    ReplaySource;
  readonly hook: Hook<RecordedEvent>;
  readonly replayHook: ReplayOptions['hook'];
  /** `ctx` in the trace of `traceparent`: what an event leads to belongs to its trace, sampled or not. */
  readonly continued: (ctx: Context, traceparent: string) => Context;
  readonly settings: FollowerSettings;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface FollowerSettings {
  /** Events that go singly at the same time. */
  readonly maxInFlight: number;
  /** Attempts until an event is parked. */
  readonly maxDeliver: number;
  /** Wait before the second attempt, the third, …; the last counts for all further ones. */
  readonly retryDelaysMs: readonly number[];
}

/** Events that are not done: more are not read. A usual one waits only for a statement. */
const MAX_OUTSTANDING = 10_000;
/** Wait before it begins again after a failure. */
const AGAIN_MS = [100, 500, 2_000] as const;
/** How long work may take to finish before it is aborted; repeating it is harmless. */
const FINISH_MS = 5_000;

/** What one following holds: from one turn, or one place in the log, to its end. */
interface Following {
  readonly ctx: Context;
  readonly outstanding: Outstanding;
  readonly single: Singly;
  /** Usual events that are not done. */
  readonly gathering: Set<Promise<unknown>>;
  readonly repeatsUpTo: bigint;
}

/**
 * Follows from start to stop, while it is this instance's turn, from the checkpoint beside the
 * log: at once where the event is usual, otherwise in order within one aggregate, several
 * aggregates at the same time, with retries and dead letters. The checkpoint is saved once a
 * second at most and passes only what is done or parked, so a crash repeats events and loses
 * none. If the log went back, it continues at the place that the log has. Replays of dead
 * letters go through the same endpoint, in every instance.
 *
 * `stop` begins nothing more, waits for what is under way, and saves the last place.
 */
export function logFollower(options: LogFollowerOptions): Component {
  const { consumer, aggregateType, handles, usual = nothingUsual, store, turn = always } = options;
  const eventTypes = Object.keys(handles);
  const logger = options.logger.child({ consumer });
  const hook = guarded(options.hook, (err) => logger.error({ err }, 'a hook failed'));
  const park: typeof store.park = (ctx, letter) => store.park(ctx, letter);
  const others = leftToOthers({ consumer, park, logger, meter: options.meter });
  const endpoint = dispatching(handles, aggregateType, others);
  const replaying = replays({ ...options, endpoint, hook: options.replayHook });
  const stopping = new AbortController();
  let current: Following | undefined;
  let standingBy = false;
  let problem: string | undefined = 'not started yet';
  /** In a row, without an event between them. */
  let failures = 0;
  let running: Promise<void> | undefined;
  const held = () => current?.outstanding.size ?? 0;
  const metrics = consumerMetrics(options.meter, 'eventstore', consumer, held);
  const unobserve = options.meter.observe(frameMetrics.followerActive, (tell) =>
    tell(current === undefined ? 0 : 1, { consumer }),
  );

  /** Follows until `signal` is aborted, or it must begin again. Rejects on failure. */
  async function follow(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const reading = AbortSignal.any([signal, ending.signal]);
    const ctx = unsampled(withSignal(background(), reading));
    const start = await store.getCheckpoint(ctx, consumer);
    // Read when it is our turn: nobody has followed what comes later.
    const repeatsUpTo = await store.head(ctx);
    const outstanding = createOutstanding(start);
    const single = singly({
      ...options.settings,
      endpoint,
      hook,
      continued: options.continued,
      repeatsUpTo,
      onAttempt: ({ status }, since) => {
        metrics.answered(status, since);
        if (status === 'retried') metrics.delivered(1);
      },
      logger,
    });
    const own = { ctx, outstanding, single, gathering: new Set<Promise<unknown>>(), repeatsUpTo };
    const place = keepPlace({
      store,
      consumer,
      eventTypes,
      start,
      progress: outstanding.progress,
      onLag: metrics.lag,
      onMovedBack: (why) => {
        logger.warn({ why }, 'following again from the place that the log has');
        ending.abort(new Error(why));
      },
      // The reading itself waits for the log for ever, and so would those who stand by.
      onAway: (error) => ending.abort(error),
      logger,
    });
    current = own;
    problem = undefined;
    try {
      const batches = await store.batches(ctx, {
        follow: true,
        aggregateType,
        eventTypes,
        afterPosition: start.position,
        ...(start.eventId !== '' && { afterEventId: start.eventId }),
      });
      for await (const events of batches) {
        failures = 0;
        await take(own, events);
        await outstanding.fewerThan(MAX_OUTSTANDING, reading);
        if (reading.aborted) break;
      }
    } catch (error) {
      if (!reading.aborted) throw error;
    } finally {
      // Usual events are written soon.
      const written = Promise.all(own.gathering);
      const late = delay(FINISH_MS, undefined, { ref: false });
      await Promise.all([single.close(FINISH_MS), Promise.race([written, late])]);
      await place.stop();
      // It would keep its last value, while another instance goes on and tells its own.
      metrics.lag(0);
      current = undefined;
    }
  }

  async function take(own: Following, events: readonly RecordedEvent[]): Promise<void> {
    const { ctx, outstanding, single, repeatsUpTo } = own;
    for (const event of events) outstanding.given(event);
    metrics.delivered(events.length);
    const since = performance.now();
    // Behind one that goes singly, so that an aggregate's events are followed in their order.
    const alone = new Set(events.filter(({ aggregateId }) => single.has(aggregateId)));
    const together = alone.size === 0 ? events : events.filter((event) => !alone.has(event));
    const taken = await usual(ctx, { events: together, repeatsUpTo }).catch((error: unknown) => {
      logger.warn({ err: error }, 'a batch could not be followed: its events go singly');
      return [];
    });
    let index = 0;
    for (const event of events) {
      const done = alone.has(event) ? undefined : taken[index++];
      if (done === undefined) void followSingly(own, event);
      else gather(own, event, done, since);
    }
  }

  function gather(
    own: Following,
    event: RecordedEvent,
    taken: Promise<boolean>,
    since: number,
  ): void {
    const traced = hook.before(own.ctx, event);
    const ending = taken.then((done) => {
      own.gathering.delete(ending);
      const status = done ? 'acked' : 'retried';
      hook.after(traced, event, { status, error: undefined });
      metrics.answered(status, since);
      if (done) own.outstanding.done(event);
      else void followSingly(own, event);
    });
    own.gathering.add(ending);
  }

  /** Never rejects: what is not done when it ends is followed again, from the checkpoint. */
  async function followSingly({ single, outstanding }: Following, event: RecordedEvent) {
    const done = await single.follow(event);
    if (done) outstanding.done(event);
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      try {
        standingBy = true;
        const mine = await turn.take(signal);
        standingBy = false;
        await follow(AbortSignal.any([signal, mine]));
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        standingBy = false;
        problem = codedError(error).message;
        const pauseMs = retryDelay(AGAIN_MS, ++failures);
        logger.warn({ err: error, pauseMs }, 'following again from the checkpoint');
        // Another instance may reach what this one does not.
        if (failures > 1) await turn.give();
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
    await turn.give();
  }

  return {
    name: consumer,
    start: async () => {
      running ??= run();
      await replaying.start?.();
    },
    stop: async () => {
      stopping.abort(new Error('The follower is stopping.'));
      await Promise.all([running, replaying.stop?.()]);
      metrics.close();
      unobserve();
    },
    notReady: () => {
      const reason = standingBy ? turn.unknown() : problem;
      return reason && `${consumer} does not follow the log: ${reason}`;
    },
  };
}

const nothingUsual: UsualCase<RecordedEvent> = async () => [];
