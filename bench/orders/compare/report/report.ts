/** The result of a run, in the shape that `--json` prints and that tables and chart use. */
import type { auditDocument } from '../../../../cli/render-audit.ts';
import type { Spread } from '../../../figures/spread.ts';
import type { Target } from '../../../figures/target.ts';
import type { Usage } from '../../measure/usage.ts';
import type { Counts } from '../counts.ts';
import type { PartName } from '../plan.ts';
import type { Queues } from '../queues.ts';

/** The middle round of what was measured in several, with the lowest and the highest. */
export interface Figures {
  readonly completedPerSecond: Spread;
  readonly acceptedPerSecond: Spread;
  /** Of a processor, for an order, by all processes of the system; in milliseconds. */
  readonly cpuMs: Spread;
  readonly wakeUps: Spread;
  /** Of the system's own processes at the end, without PostgreSQL and NATS. */
  readonly memoryMb: Spread;
  /** Of the largest of them. */
  readonly largestMb: Spread;
  readonly acceptP50: Spread;
  readonly acceptP99: Spread;
  readonly journeyP50: Spread;
  readonly journeyP99: Spread;
  /** From the last answer to the last end. */
  readonly drainMs: Spread;
  /** Of the load generator, for an order; not in `cpuMs`. */
  readonly generatorCpuMs: Spread;
}

/** One contender under one condition. */
export interface Row {
  readonly part: PartName;
  /** Callers, or orders a second. */
  readonly amount: number;
  readonly name: string;
  readonly orders: number;
  readonly refused: number;
  /** Until a refusal, p99 in milliseconds, in the worst round; undefined: nobody was refused. */
  readonly refusalP99: number | undefined;
  readonly notEnded: number;
  readonly figures: Figures;
  /** For an order, by process; memory is that of the process. Of the middle rounds. */
  readonly processes: Readonly<Record<string, Usage>>;
  /** For an order. */
  readonly counts: Counts;
  /** Of the last round, twice a second. */
  readonly queues: Queues;
  /** Mean sizes in the last round, by what was gathered. */
  readonly batches: Readonly<Record<string, number>>;
}

/** A contender divided by another one, by their rounds of one turn. */
export interface Ratio {
  readonly part: PartName;
  readonly amount: number;
  readonly name: string;
  /** Who is 1. */
  readonly beside: string;
  readonly completed: Spread;
  readonly cpu: Spread;
  readonly acceptP50: Spread;
  readonly journeyP50: Spread;
  readonly journeyP99: Spread;
}

export interface Verdict {
  /** False where others used the machine: then the figures say nothing for sure. */
  readonly given: boolean;
  /** The largest part of the machine that others took in a round, 0 to 1. */
  readonly others: number;
  /** Rounds in which they took more than is allowed, of all. */
  readonly disturbed: number;
  readonly rounds: number;
}

export interface ComparisonReport {
  readonly at: string;
  /** Short rounds: to see that it works, not to quote. */
  readonly quick: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cpus: number;
    readonly node: string;
    /** The server, and what its answers mean. */
    readonly durability: string;
  };
  /** Before anything was measured. */
  readonly warmUp: readonly {
    readonly name: string;
    readonly orders: number;
    readonly ms: number;
    readonly cpuMs: number;
  }[];
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly Target[];
  readonly verdict: Verdict;
  /** What makes the product's figures worth nothing: books that do not agree, orders that never ended. */
  readonly shortcomings: readonly string[];
  readonly audit: ReturnType<typeof auditDocument>;
}
