import type { Contender } from './contender.ts';
import type { Plan } from './plan.ts';
import type { Row, SectionName } from './report.ts';
import { byTurns, type Pace } from './rounds.ts';
import type { Server } from './server.ts';

/** What each part of a run works with. */
export interface Bench {
  readonly server: Server;
  readonly plan: Plan;
  readonly signal: AbortSignal;
  /** Told before something that takes a while. */
  readonly say: (what: string) => void;
  /** Told of each round measured. */
  readonly onRound: (name: string) => void;
}

/** One part of a run. */
export interface Section {
  readonly title: string;
  /** Rounds that it measures, for the progress bar. */
  readonly rounds: (plan: Plan) => number;
  /** Sets up what it needs, measures, and takes it down again. */
  readonly run: (bench: Bench) => Promise<readonly Row[]>;
}

/** A contender and what its answers mean. */
export interface Entry {
  readonly contender: Contender;
  readonly durable: string;
  readonly stored?: number;
}

/** What a row says where nothing is written. */
export const NOTHING_WRITTEN = 'reads only';

/** Measures the entries by turns and makes a row of each. */
export async function rowsOf(
  bench: Bench,
  section: SectionName,
  entries: readonly Entry[],
  pace: Pace,
  callers?: number,
): Promise<Row[]> {
  const contenders = entries.map(({ contender }) => contender);
  const measured = await byTurns(contenders, callers ?? 1, pace, bench);
  return entries.flatMap(({ contender, durable, stored }, index) => {
    const figures = measured[index];
    if (figures === undefined) return [];
    return {
      section,
      name: contender.name,
      ...(callers !== undefined && { callers }),
      ...(stored !== undefined && { stored }),
      rate: figures.rate,
      ...(figures.times !== undefined && { times: figures.times }),
      durable,
    };
  });
}

/** Closes in the reverse of the order in which things were opened, also when something threw. */
export async function closing<T>(
  work: (later: (close: () => Promise<unknown>) => void) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    return await work((close) => closers.push(close));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
