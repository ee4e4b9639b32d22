/**
 * How many orders may be unfinished at once, so that each finishes within the goal: as
 * many as finish in that time (Little's law). While nothing waits, the rate at which
 * orders finish says only how many came; then the limit is the one to start with, which
 * leaves room for a burst. Pure; times are milliseconds of one monotonic clock.
 */
export interface OrderLimit {
  /** Whether a new order is welcome. */
  admits(wish: Wish, nowMs: number): boolean;
  /** Call it regularly: what a look at the orders showed. */
  looked(seen: Look): void;
  /** The limit as of the last look. */
  current(): number;
  /** True from a refusal until none was needed for a second. */
  refusing(nowMs: number): boolean;
}

/** What a caller's new order would join. */
export interface Wish {
  /** Unfinished orders of all. */
  readonly unfinished: number;
  /** Those of this caller. */
  readonly own: number;
  /** Callers with unfinished orders, this one among them: 1 or more. */
  readonly callers: number;
}

export interface Look {
  readonly nowMs: number;
  /** Orders finished since the last look. */
  readonly finished: number;
  /** For how long the oldest unfinished order has been on its way. */
  readonly ageMs: number;
}

export interface OrderLimitOptions {
  /** In which time an accepted order should finish. */
  readonly goalMs: number;
  /** The limit while nothing waits. */
  readonly start: number;
  /** The limit is never lower, however slowly orders finish: it keeps work flowing, by which a recovery shows. */
  readonly least: number;
}

/** Over which time the rate is measured: orders finish in batches. */
const RATE_MS = 2_000;
/** The limit follows what was measured within about this time. */
const SETTLE_MS = 1_000;
/** Refusals count as going on for so long after the last one. */
const REFUSING_MS = 1_000;
/** After so long without a queue the limit is the one to start with again. */
const CALM_MS = 1_000;
/** Up to so many times the limit, callers that have less than their share are let in. */
const MOST_BEYOND = 2;
/** While orders are late, a few more than finish are let in, so that a faster pace shows. */
const HEADROOM = 1.05;

export function orderLimit({ goalMs, start, least }: OrderLimitOptions): OrderLimit {
  let limit = start;
  let refusedAt = Number.NEGATIVE_INFINITY;
  let lookedAt: number | undefined;
  /** Since when the oldest order is older than the goal, and grows older. */
  let lateSince: number | undefined;
  /** The greatest age meanwhile. */
  let worstMs = 0;
  /** Since when nothing waits: the oldest order is far younger than the goal. */
  let calmSince: number | undefined;
  /** From a refusal or a lasting delay until nothing waits. */
  let busy = false;
  let looks: { readonly fromMs: number; readonly toMs: number; readonly finished: number }[] = [];

  const refusing = (nowMs: number) => nowMs - refusedAt < REFUSING_MS;

  /** As with CoDel, only a delay that stays counts: a hiccup passes by itself, and one that shrinks has passed. */
  const late = (nowMs: number) => lateSince !== undefined && nowMs - lateSince >= goalMs / 2;

  /** Orders that finish within the goal, at the rate of late. */
  function finishable(nowMs: number): number {
    const fromMs = Math.min(nowMs, looks[0]?.fromMs ?? nowMs);
    const finished = looks.reduce((sum, look) => sum + look.finished, 0);
    return nowMs === fromMs ? limit : (finished * goalMs) / (nowMs - fromMs);
  }

  return {
    admits: ({ unfinished, own, callers }, nowMs) => {
      if (unfinished < limit) return true;
      // Who has less than an equal share gets it, though others have filled the room.
      if (own < Math.floor(limit / callers) && unfinished < limit * MOST_BEYOND) return true;
      refusedAt = nowMs;
      return false;
    },
    looked: ({ nowMs, finished, ageMs }) => {
      const fromMs = lookedAt ?? nowMs;
      lookedAt = nowMs;
      looks.push({ fromMs, toMs: nowMs, finished });
      looks = looks.filter(({ toMs }) => nowMs - toMs < RATE_MS);
      worstMs = Math.max(worstMs, ageMs);
      const recovers = ageMs < worstMs - goalMs / 40;
      if (ageMs <= goalMs || recovers) {
        lateSince = undefined;
        worstMs = ageMs;
      } else lateSince ??= nowMs;
      calmSince = ageMs < goalMs / 4 ? (calmSince ?? nowMs) : undefined;
      if (refusing(nowMs) || late(nowMs)) busy = true;
      else if (calmSince !== undefined && nowMs - calmSince >= CALM_MS) busy = false;
      const wanted = busy ? Math.max(least, finishable(nowMs) * HEADROOM) : Math.max(start, least);
      limit += (wanted - limit) * Math.min(1, (nowMs - fromMs) / SETTLE_MS);
    },
    current: () => Math.round(limit),
    refusing,
  };
}
