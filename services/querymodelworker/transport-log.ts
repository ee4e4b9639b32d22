/**
 * The log as the projection reads it: in order, from the read model's own checkpoint. Each
 * batch calls one endpoint. There is nothing to acknowledge, because the checkpoint moves
 * with the rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { unsampled } from '../../shared/eventstore/unsampled.ts';
import { background, type Context, withSignal } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { guarded, type Hook, type Outcome } from '../../shared/kit/transport/hooks.ts';
import { inBatches } from '../../shared/kit/transport/in-batches.ts';
import type { QueryModelEndpoints } from './endpoints.ts';
import { ownLog } from './own-log.ts';
import type { Projected } from './service.ts';
import { watchStandstill } from './standstill.ts';
import type { Place } from './table/rebuild-table.ts';
import { takingTurns } from './taking-turns.ts';

export interface ProjectionTransportOptions {
  /** Position of the read model's checkpoint. */
  readonly checkpoint: (ctx: Context) => Promise<bigint>;
  /** The checkpoint's position, with the id of the event there. */
  readonly place: (ctx: Context) => Promise<Place>;
  readonly log: Pick<EventStore, 'batches' | 'head' | 'read'>;
  readonly hook: Hook<RecordedEvent>;
  /** Most events in one batch. */
  readonly maxBatch: number;
  /** Shortest time from one batch to the next, in milliseconds, unless the next one is full. */
  readonly gatherMs: number;
  /** While nothing arrives, the time between comparisons with the log's head. Default 3,000. */
  readonly lookMs?: number;
  /** How long the checkpoint may stay behind the log before reading starts again. Default 10,000. */
  readonly stuckMs?: number;
  readonly logger: Logger;
}

/** Failures before the first success that are logged as info, not as errors. */
const FIRST_FAILURES = 4;
/** Pause after a failure, before reading from the checkpoint again: half of `first`, doubling up to `longest`. */
const PAUSE_MS = { first: 200, longest: 5_000 };
/** How long `stop` lets a batch finish before it aborts it; aborting is harmless, but logs more. */
const FINISH_MS = 3_000;

/**
 * Reads from start to stop; after any failure it starts again at the read model's
 * checkpoint. A read model that is ahead of the log belongs to another or a lost log:
 * nothing is projected onto it until it is rebuilt.
 */
export function logTransport(
  endpoints: QueryModelEndpoints,
  options: ProjectionTransportOptions,
): Component {
  const { logger, log, maxBatch, gatherMs, lookMs = 3_000, stuckMs = 10_000 } = options;
  const hook = guarded(options.hook, (err) => logger.error({ err }, 'a hook failed'));
  const stopping = new AbortController();
  const aborting = new AbortController();
  const own = ownLog(log);
  const turns = takingTurns({
    checkpoint: () => options.checkpoint(context()),
    project: async (after, events) => {
      const projected = await project(after, events);
      failures = 0;
      return projected;
    },
    signal: stopping.signal,
  });
  let running: Promise<void> | undefined;
  let problem: string | undefined = 'not started yet';
  let failures = 0;
  let begun = false;
  /** Why reading was stuck and started again; cleared when something moves. */
  let standstill: string | undefined;

  const context = () => withSignal(background(), aborting.signal);
  const asking = () => unsampled(context());

  /** Reads until stopped, or until it must start again, which it logs. Rejects on failure. */
  async function read(): Promise<void> {
    const place = await options.place(context());
    await own.check(asking(), place);
    let { position } = place;
    problem = undefined;
    begun = true;
    // Another instance may have projected everything meanwhile, and then no batch would clear this.
    if (standstill !== undefined && position === (await log.head(asking()))) standstill = undefined;
    const ending = new AbortController();
    let waitsSince: number | undefined = performance.now();
    const stopWatching = watchStandstill({
      checkpoint: () => options.checkpoint(context()),
      head: () => log.head(asking()),
      waiting: () => (waitsSince === undefined ? undefined : { position, since: waitsSince }),
      lookMs,
      stuckMs,
      onFault: (why) => {
        logger.warn({ why }, 'the projection is stuck: reading again');
        standstill = why;
        ending.abort();
      },
      logger,
    });
    try {
      for await (const events of follow(place, ending.signal)) {
        waitsSince = undefined;
        const now = await turns.take(events, position);
        if (now < position) {
          logger.warn({ checkpoint: `${now}` }, 'the checkpoint was moved back: reading again');
          return;
        }
        if (now > position) standstill = undefined;
        position = now;
        waitsSince = performance.now();
      }
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    } finally {
      stopWatching();
    }
  }

  /** The log after `place`, which it must have, until stopped or `ending`. */
  const follow = ({ position, eventId }: Place, ending: AbortSignal) =>
    inBatches(
      withSignal(unsampled(background()), AbortSignal.any([stopping.signal, ending])),
      (ctx) =>
        log.batches(ctx, {
          follow: true,
          afterPosition: position,
          ...(eventId !== '' && { afterEventId: eventId }),
        }),
      { most: maxBatch, everyMs: gatherMs },
    );

  /** Projects one batch, with a span for each of its events that is sampled. */
  async function project(after: bigint, events: readonly RecordedEvent[]): Promise<Projected> {
    const ctx = context();
    const spans = events.map((event) => hook.before(ctx, event));
    let outcome: Outcome = { status: 'retried', error: undefined };
    try {
      const projected = await endpoints.project(ctx, { after, events });
      outcome = { status: projected.applied ? 'projected' : 'passed over', error: undefined };
      return projected;
    } catch (error) {
      outcome = { status: 'retried', error };
      throw error;
    } finally {
      for (const [index, event] of events.entries())
        hook.after(spans[index] ?? ctx, event, outcome);
    }
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (signal.aborted) break;
        problem = codedError(error).message;
        const pauseMs = Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** failures++);
        // Processes that start together find each other within a few tries.
        const level = begun || failures > FIRST_FAILURES ? 'error' : 'info';
        logger[level]({ err: error, pauseMs }, 'the projection restarts from its checkpoint');
        await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(
          () => undefined,
        );
      }
    }
    problem = 'stopped';
  }

  return {
    name: 'projection',
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('The projection was stopped.'));
      const late = setTimeout(() => aborting.abort(stopping.signal.reason), FINISH_MS);
      await running;
      clearTimeout(late);
    },
    // A read model that waits for its operator recovers without a restart, so the process stays.
    notReady: () => (own.isLost() ? undefined : problem),
    degraded: () => (own.isLost() ? problem : standstill),
  };
}
