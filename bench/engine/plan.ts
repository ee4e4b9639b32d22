import type { Pace } from './rounds.ts';

/** How much is measured. */
export interface Plan {
  readonly callers: readonly number[];
  readonly pace: Pace;
  /** How long each contender appends, for one caller, before anything is measured, in milliseconds. Node optimises such code after thousands of calls only. */
  readonly settleMs: number;
  /** For what is read, and for what waits rather than works; a process that was just started warms up longer. */
  readonly shortPace: Pace;
  /** Events in the log that is read. */
  readonly readEvents: number;
  /** Numbers of stored events for which the log is made and measured. */
  readonly sizes: readonly number[];
}

const CALLERS = [1, 16, 64, 256];

/** About ten minutes. */
const whole: Plan = {
  callers: CALLERS,
  pace: { rounds: 5, warmUpMs: 1_000, roundMs: 2_000 },
  settleMs: 7_000,
  shortPace: { rounds: 5, warmUpMs: 2_000, roundMs: 1_000 },
  readEvents: 200_000,
  sizes: [10_000, 100_000, 1_000_000],
};

/** Within a minute and a half, to see that everything works. */
const quick: Plan = {
  callers: CALLERS,
  pace: { rounds: 2, warmUpMs: 300, roundMs: 400 },
  settleMs: 500,
  shortPace: { rounds: 2, warmUpMs: 800, roundMs: 400 },
  readEvents: 30_000,
  sizes: [10_000, 100_000],
};

/** The log is filled tenfold from 10^4, up to `events` where that is asked for. */
export function planOf(short: boolean, events: number | undefined): Plan {
  const plan = short ? quick : whole;
  if (events === undefined) return plan;
  const sizes: number[] = [];
  for (let size = 10_000; size <= events; size *= 10) sizes.push(size);
  return { ...plan, sizes };
}
