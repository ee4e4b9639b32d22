/** The result of a run, in the shape that `--json` prints and that page and chart use. */

import type { Spread } from '../figures/spread.ts';
import type { Target } from '../figures/target.ts';
import type { Times } from '../figures/times.ts';

/** The parts of a run, in their order. */
export const sectionNames = [
  'append',
  'read one aggregate',
  'read the log',
  'follow',
  'slow reader',
  'two writers',
  'several logs',
  'several logs, far database',
  'growth: append',
  'growth: read one aggregate',
  'growth: read the log',
] as const;
export type SectionName = (typeof sectionNames)[number];

/** One contender under one condition. */
export interface Row {
  readonly section: SectionName;
  readonly name: string;
  /** At once; undefined where it is always one. */
  readonly callers?: number;
  /** Events in the log when it was measured; undefined where that was not varied. */
  readonly stored?: number;
  /** A second: events, or aggregates where aggregates are read. */
  readonly rate: Spread;
  /** Of one piece of work, or of the lag of a follower; in milliseconds. */
  readonly times?: Times;
  /** What an answer meant, in a word or two. */
  readonly durable: string;
}

/** The machine, as far as figures depend on it. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly node: string;
  /** The server, and what its answers mean. */
  readonly durability: string;
}

export interface Report {
  readonly at: string;
  /** Short rounds: to see that it works, not to quote. */
  readonly quick: boolean;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
}

/** The row of a contender, if it was measured. */
export function rowOf(
  rows: readonly Row[],
  section: SectionName,
  name: string,
  where: { readonly callers?: number; readonly stored?: number } = {},
): Row | undefined {
  return rows.find(
    (row) =>
      row.section === section &&
      row.name === name &&
      (where.callers === undefined || row.callers === where.callers) &&
      (where.stored === undefined || row.stored === where.stored),
  );
}
