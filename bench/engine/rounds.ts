import { type Spread, spreadOf } from '../figures/spread.ts';
import { perSecond, type Times, timesOf } from '../figures/times.ts';
import type { Contender, Sample } from './contender.ts';

/** How long and how often each is measured. */
export interface Pace {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly roundMs: number;
}

/** The results of one contender's rounds. */
export interface Measured {
  /** A second. */
  readonly rate: Spread;
  /** Of all rounds together, in milliseconds; undefined where nothing was timed. */
  readonly times: Times | undefined;
}

/**
 * Measures the contenders by turns, A B B A A B …, so that a machine that is
 * slower for a while is slower for all of them; before that each warms up once.
 * Resolves with each one's result, in the given order. `signal` ends it between
 * two rounds.
 */
export async function byTurns(
  contenders: readonly Contender[],
  callers: number,
  { rounds, warmUpMs, roundMs }: Pace,
  { signal, onRound }: { readonly signal: AbortSignal; readonly onRound: (name: string) => void },
): Promise<Measured[]> {
  const samples = new Map<Contender, Sample[]>(contenders.map((one) => [one, []]));
  for (const one of contenders) {
    signal.throwIfAborted();
    await one.run(callers, warmUpMs);
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed()) {
      signal.throwIfAborted();
      samples.get(one)?.push(await one.run(callers, roundMs));
      onRound(one.name);
    }
  }
  return [...samples.values()].map(summary);
}

/** The rate of each round, and the times of all. */
export function summary(rounds: readonly Sample[]): Measured {
  return {
    rate: spreadOf(rounds.map(({ count, ms }) => perSecond(count, ms))),
    times: timesOf(rounds.flatMap(({ times }) => times)),
  };
}
