/** What several rounds of one contender say together. */
import { type Spread, spreadOf } from '../../../figures/spread.ts';
import { totalOf, type Usage } from '../../measure/usage.ts';
import type { Counts } from '../counts.ts';
import type { Condition } from '../plan.ts';
import type { Round } from '../round.ts';
import type { Ratio, Row } from './report.ts';

/** Throws RangeError without a round. */
export function rowOf({ part, amount }: Condition, { name, rounds }: Measured): Row {
  const over = (read: (round: Round) => number) => spreadOf(rounds.map(read));
  const last = rounds.at(-1);
  return {
    part,
    amount,
    name,
    orders: sum(rounds, ({ completed }) => completed),
    refused: sum(rounds, ({ refused }) => sum(Object.values(refused), (count) => count)),
    refusalP99: largest(rounds.flatMap(({ refusal }) => refusal?.p99 ?? [])),
    notEnded: sum(rounds, ({ notEnded }) => notEnded),
    figures: {
      completedPerSecond: over((round) => round.completedPerSecond),
      acceptedPerSecond: over((round) => round.acceptedPerSecond),
      cpuMs: over(cpuOf),
      wakeUps: over((round) => each(totalOf(round.used).wakeUps, round)),
      memoryMb: over(({ memory }) => memory.allMb),
      largestMb: over(({ memory }) => memory.largestMb),
      acceptP50: over((round) => round.accept?.p50 ?? 0),
      acceptP99: over((round) => round.accept?.p99 ?? 0),
      journeyP50: over((round) => round.journey?.p50 ?? 0),
      journeyP99: over((round) => round.journey?.p99 ?? 0),
      drainMs: over(({ drainMs }) => drainMs),
      generatorCpuMs: over((round) => each(round.generator.cpuMs, round)),
    },
    processes: Object.fromEntries(
      [...(last?.used.keys() ?? [])].map((process) => [process, usageIn(rounds, process)]),
    ),
    counts: middleCounts(rounds.map(({ counts }) => counts)),
    queues: last?.queues ?? {},
    batches: Object.fromEntries(last?.batches ?? []),
  };
}

/** A contender and its rounds under one condition. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/**
 * A contender's rounds divided by another one's of the same turn; a pair in which either
 * brought no order to its end is left out. Undefined where no pair is left.
 */
export function ratioOf(
  { part, amount }: Condition,
  { name, rounds }: Measured,
  beside: Measured,
): Ratio | undefined {
  const pairs = rounds.flatMap((round, index) => {
    const other = beside.rounds[index];
    if (other === undefined || round.completed === 0 || other.completed === 0) return [];
    return [[round, other] as const];
  });
  if (pairs.length === 0) return undefined;
  const over = (read: (round: Round) => number): Spread =>
    spreadOf(pairs.map(([round, other]) => read(round) / read(other)));
  return {
    part,
    amount,
    name,
    beside: beside.name,
    completed: over(({ completedPerSecond }) => completedPerSecond),
    cpu: over(cpuOf),
    acceptP50: over(({ accept }) => accept?.p50 ?? 0),
    journeyP50: over(({ journey }) => journey?.p50 ?? 0),
    journeyP99: over(({ journey }) => journey?.p99 ?? 0),
  };
}

const each = (value: number, { completed }: Round) => value / Math.max(1, completed);

const cpuOf = (round: Round) => each(totalOf(round.used).cpuMs, round);

function usageIn(rounds: readonly Round[], process: string): Usage {
  const middle = (read: (usage: Usage, round: Round) => number) =>
    spreadOf(
      rounds.map((round) => {
        const usage = round.used.get(process);
        return usage === undefined ? 0 : read(usage, round);
      }),
    ).median;
  return {
    cpuMs: middle(({ cpuMs }, round) => each(cpuMs, round)),
    wakeUps: middle(({ wakeUps }, round) => each(wakeUps, round)),
    rssMb: middle(({ rssMb }) => rssMb),
  };
}

function middleCounts(counts: readonly Counts[]): Counts {
  const middle = (read: (one: Counts) => number) => spreadOf(counts.map(read)).median;
  const databases = Object.keys(counts[0]?.transactions ?? {});
  return {
    toNats: middle(({ toNats }) => toNats),
    fromNats: middle(({ fromNats }) => fromNats),
    acknowledged: middle(({ acknowledged }) => acknowledged),
    transactions: Object.fromEntries(
      databases.map((name) => [name, middle(({ transactions }) => transactions[name] ?? 0)]),
    ),
    walFlushes: middle(({ walFlushes }) => walFlushes),
    walBytes: middle(({ walBytes }) => walBytes),
  };
}

const largest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);

const sum = <T>(values: readonly T[], read: (value: T) => number): number =>
  values.reduce((total, value) => total + read(value), 0);
