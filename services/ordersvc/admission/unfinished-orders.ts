import { type CallerCounts, callerCounts } from './caller-counts.ts';

/**
 * The orders that this process accepted and that are not finished yet. It asks about few
 * of them: orders accepted within some milliseconds share one probe, and what becomes of
 * the probe counts for all. Pure; times are milliseconds of one monotonic clock.
 */
export interface UnfinishedOrders {
  /** An order of this caller was accepted. */
  add(orderId: string, nowMs: number, caller?: string): void;
  /** The orders to ask about, the oldest first; at most MOST_PROBES. */
  probes(): readonly string[];
  /** These probes are finished. Returns how many orders that makes. */
  finished(orderIds: ReadonlySet<string>): number;
  /** Stops waiting for orders accepted before `ms`. Returns how many. */
  forget(beforeMs: number): number;
  count(): number;
  /** Of this caller. */
  of(caller: string): number;
  /** Callers that have some. */
  callers(): number;
  /** For how long the oldest one has been on its way; 0 if there is none. */
  ageMs(nowMs: number): number;
}

interface Probe {
  readonly orderId: string;
  readonly at: number;
  /** The orders that it stands for. */
  readonly orders: CallerCounts;
  /** Younger probes that finished before it. */
  overtaken: number;
}

/** One question to the database has room for them. */
export const MOST_PROBES = 256;
/** At most so many a second while all is well, in milliseconds between two. */
const LEAST_SPACING_MS = 10;
/** About so many probes are on their way, however long the way. */
const SPREAD = 64;
/** So many younger ones overtake an order that hangs alone: it is not the queue that holds it. */
const OVERTAKEN = 8;

export function unfinishedOrders(): UnfinishedOrders {
  let probes: Probe[] = [];
  const orders = callerCounts();

  const ageMs = (nowMs: number) => (probes[0] === undefined ? 0 : nowMs - probes[0].at);

  function keep(wanted: (probe: Probe, index: number) => boolean): number {
    const before = orders.total();
    probes = probes.filter((probe, index) => {
      if (wanted(probe, index)) return true;
      for (const [caller, count] of probe.orders.entries()) orders.add(caller, -count);
      return false;
    });
    return before - orders.total();
  }

  return {
    add: (orderId, nowMs, caller = '') => {
      orders.add(caller, 1);
      const last = probes.at(-1);
      const spacing = Math.max(LEAST_SPACING_MS, ageMs(nowMs) / SPREAD);
      if (last !== undefined && (nowMs - last.at < spacing || probes.length >= MOST_PROBES)) {
        last.orders.add(caller, 1);
      } else {
        const counts = callerCounts();
        counts.add(caller, 1);
        probes.push({ orderId, at: nowMs, orders: counts, overtaken: 0 });
      }
    },
    probes: () => probes.map(({ orderId }) => orderId),
    finished: (orderIds) => {
      let younger = 0;
      for (const probe of probes.toReversed()) {
        if (orderIds.has(probe.orderId)) younger++;
        else probe.overtaken += younger;
      }
      const left = keep(({ orderId }) => !orderIds.has(orderId));
      const behind = (index: number) => probes.length - index - 1;
      return left + keep(({ overtaken }, i) => overtaken < OVERTAKEN || overtaken <= behind(i));
    },
    forget: (beforeMs) => keep(({ at }) => at >= beforeMs),
    count: orders.total,
    of: orders.of,
    callers: orders.callers,
    ageMs,
  };
}
