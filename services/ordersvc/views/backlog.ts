/** What waits in the read model, as gauges that survive restarts. */
import { orderMetrics } from '../../../shared/contracts/metric-list.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { unsampled } from '../../../shared/eventstore/unsampled.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { looking } from '../../../shared/kit/process/looking.ts';

/** Orders that wait in one status. */
export interface Waiting {
  readonly status: string;
  readonly orders: number;
  readonly overdue: number;
}

/** The open orders, and how far the projection is. */
export interface Backlog {
  readonly waiting: readonly Waiting[];
  /** Up to here the read model has the log. */
  readonly position: bigint;
  /** The database's time of day. */
  readonly at: Date;
}

/** Where the backlog is found. Rejects as ReadModel does. */
export interface Backlogs {
  /** Overdue as in a list of orders, but five seconds later: what ends a wait needs a moment. */
  backlog(ctx: Context): Promise<Backlog>;
}

export interface MeasuringBacklogOptions {
  readonly readModel: Backlogs;
  readonly store: Pick<EventStore, 'head' | 'read'>;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly lookMs?: number;
}

/** Between two looks, in milliseconds: the open orders are counted by an index. */
const LOOK_MS = 5_000;
const open = ['Pending', 'Paid'];

/**
 * Gauges of open and overdue orders, and of how far the projection is behind the log, seen by
 * who reads both: a projection that hangs tells nothing of itself. What cannot be looked at
 * keeps its last value.
 */
export function measuringBacklog(options: MeasuringBacklogOptions): Component {
  const { readModel, store, meter, logger, lookMs = LOOK_MS } = options;
  let waiting: readonly Waiting[] | undefined;
  let behind: { readonly events: number; readonly seconds: number } | undefined;

  const observe = (metric: typeof orderMetrics.open, count: (one: Waiting) => number) =>
    meter.observe(metric, (tell) => {
      for (const status of waiting === undefined ? [] : open) {
        const found = waiting?.find((one) => one.status === status);
        tell(found === undefined ? 0 : count(found), { status });
      }
    });
  observe(orderMetrics.open, ({ orders }) => orders);
  observe(orderMetrics.overdue, ({ overdue }) => overdue);
  meter.observe(orderMetrics.projectionLag, (tell) => {
    if (behind !== undefined) tell(behind.events);
  });
  meter.observe(orderMetrics.projectionLagAge, (tell) => {
    if (behind !== undefined) tell(behind.seconds);
  });

  return looking(
    async (given) => {
      const ctx = unsampled(given);
      const found = await readModel.backlog(ctx);
      waiting = found.waiting;
      const head = await store.head(ctx);
      const events = Number(head - found.position);
      const [next] =
        events > 0
          ? (await store.read(ctx, { afterPosition: found.position, limit: 1 })).events
          : [];
      const seconds =
        next === undefined ? 0 : (found.at.getTime() - next.createdAt.getTime()) / 1_000;
      behind = { events: Math.max(0, events), seconds: Math.max(0, seconds) };
    },
    { name: 'backlog', everyMs: lookMs, logger },
  );
}
