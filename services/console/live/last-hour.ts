import type { PipelinePoint } from '../../../shared/contracts/console.ts';

/** The points of the last hour by their own times: one a second, or fewer while nobody watched. */
export interface LastHour {
  add(point: PipelinePoint): void;
  /** Oldest first: each of the last ten minutes, and before that one in ten. */
  points(): readonly PipelinePoint[];
}

const HOUR_MS = 3_600_000;
/** A page that opens gets all points at once: an hour of each second would be a megabyte. */
const FINE_MS = 600_000;
const COARSE_MS = 10_000;
/** One a second; fewer when a look takes longer. */
const HOUR_POINTS = 3_600;

/** @param most so many points at most, however long the hour is by a clock that is set */
export function lastHour(most = HOUR_POINTS): LastHour {
  let kept: { readonly point: PipelinePoint; readonly atMs: number }[] = [];
  return {
    add(point) {
      kept.push({ point, atMs: Date.parse(point.at) });
      // Cut seldom: moving an hour of points each second would be waste.
      if (kept.length >= 2 * most) kept = kept.slice(-most);
    },
    points: () => {
      const newestMs = kept.at(-1)?.atMs ?? 0;
      const points: PipelinePoint[] = [];
      let tens: number | undefined;
      for (const [n, { point, atMs }] of kept.entries()) {
        // By the clock's own tens, so that a point that was left out stays so.
        const ten = Math.floor(atMs / COARSE_MS);
        const first = ten !== tens;
        tens = ten;
        if (n < kept.length - most || atMs <= newestMs - HOUR_MS) continue;
        if (first || atMs > newestMs - FINE_MS) points.push(point);
      }
      return points;
    },
  };
}

/** How old the events behind a position are, by when the log's head passed it. */
export interface HeadTimes {
  /** The head is at `position` now. */
  saw(position: number, nowMs: number): void;
  /** Seconds since the event after `position` was appended, to the second; undefined if that was before the first look. */
  ageAfter(position: number, nowMs: number): number | undefined;
}

export function headTimes(most = HOUR_POINTS): HeadTimes {
  let looks: { readonly position: number; readonly atMs: number }[] = [];
  return {
    saw(position, nowMs) {
      if (position < (looks.at(-1)?.position ?? 0)) looks = [];
      looks.push({ position, atMs: nowMs });
      if (looks.length >= 2 * most) looks = looks.slice(-most);
    },
    ageAfter(position, nowMs) {
      // The first look at which the head was beyond; the event came between it and the one before.
      let low = 0;
      let high = looks.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((looks[middle]?.position ?? 0) > position) high = middle;
        else low = middle + 1;
      }
      const look = looks[low];
      if (look === undefined || low === 0) return undefined;
      return Math.round((nowMs - look.atMs) / 100) / 10;
    },
  };
}
