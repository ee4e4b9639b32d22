/** One round: one system under one load, and what everything used meanwhile. */
import { until } from '../../../stack/until.ts';
import { perSecond, type Times, timesOf } from '../../figures/times.ts';
import { drive, endedIn } from '../drive.ts';
import { machineTime, shareOfOthers } from '../measure/machine.ts';
import { batchSizes } from '../measure/scrape.ts';
import {
  onlyOf,
  totalOf,
  type Usage,
  type Usages,
  usageOf,
  usedBetween,
} from '../measure/usage.ts';
import type { Arena } from './arena.ts';
import { type Counts, countsBetween, lookAtCounts } from './counts.ts';
import { type Queues, watchQueues } from './queues.ts';
import type { System } from './system.ts';

export interface Load {
  /** At once, at most. */
  readonly callers: number;
  /** Orders a second; undefined: as fast as they are answered. */
  readonly rate?: number;
  /** For so long orders are sent, in milliseconds; or so many. */
  readonly ms?: number;
  readonly orders?: number;
  /** Each order asks for its trace; otherwise the system traces its share. */
  readonly traced: boolean;
}

/** Rates a second, times in milliseconds from when the order was due. */
export interface Round {
  readonly accepted: number;
  readonly acceptedPerSecond: number;
  readonly completed: number;
  readonly completedPerSecond: number;
  readonly accept: Times | undefined;
  readonly journey: Times | undefined;
  readonly refused: Readonly<Record<string, number>>;
  /** Until a refusal. */
  readonly refusal: Times | undefined;
  readonly notEnded: number;
  /** From the last answer to the last end. */
  readonly drainMs: number;
  /** By process, until the rows show all; of PostgreSQL only what worked for this system. */
  readonly used: Usages;
  /** Its own processes at the end, in MB: all together, and the largest. */
  readonly memory: { readonly allMb: number; readonly largestMb: number };
  /** This process, which makes the load. */
  readonly generator: Usage;
  /** The part of the machine, 0 to 1, that everything beside this bench took. */
  readonly others: number;
  readonly counts: Counts;
  readonly queues: Queues;
  /** Mean sizes, by what was gathered. */
  readonly batches: ReadonlyMap<string, number>;
}

const CAUGHT_UP_MS = 60_000;

/** Rejects where the rows do not show all orders within a minute after the last end. */
export async function measureRound(
  arena: Arena,
  system: System,
  load: Load,
  signal: AbortSignal,
): Promise<Round> {
  const before = await look(arena, system);
  const watching = watchQueues(arena, system);
  const driven = await drive({
    url: system.url,
    follow: system.follow,
    orders: load.orders ?? Number.POSITIVE_INFINITY,
    callers: load.callers,
    rate: load.rate,
    traced: load.traced,
    silenceMs: system.patienceMs,
    enough: load.ms === undefined ? undefined : AbortSignal.timeout(load.ms),
    signal,
  }).finally(watching.stop);
  const level = async () => (await system.behind()) <= 0;
  await until(level, { what: `the rows of the ${system.name}`, deadlineMs: CAUGHT_UP_MS, signal });
  const after = await look(arena, system);
  const { journeys, acceptMs, refused, refuseMs, began, answeredIn } = driven;
  const completed = endedIn(journeys);
  return {
    accepted: acceptMs.length,
    acceptedPerSecond: perSecond(acceptMs.length, answeredIn),
    completed,
    completedPerSecond: perSecond(completed, (journeys.lastEndAt ?? began) - began),
    accept: timesOf(acceptMs),
    journey: timesOf(journeys.approvedMs),
    refused,
    refusal: timesOf(refuseMs),
    notEnded: journeys.open,
    drainMs: Math.max(0, (journeys.lastEndAt ?? began) - began - answeredIn),
    used: usedBetween(before.used, after.used),
    memory: after.memory,
    generator: totalOf(usedBetween(before.generator, after.generator)),
    others: shareOfOthers(
      before.machine,
      after.machine,
      totalOf(usedBetween(before.everything, after.everything)).cpuMs,
    ),
    counts: countsBetween(before.counts, after.counts, completed),
    queues: watching.queues(),
    batches: batchSizes(before.metrics, after.metrics),
  };
}

async function look(arena: Arena, system: System) {
  const counts = await lookAtCounts(arena, system);
  const metrics = await system.metrics();
  const shared = arena.servers();
  const generator: Usages = new Map([['load generator', usageOf(process.pid)]]);
  const usages = system.usages();
  const memory = [...usages.values()].map(({ rssMb }) => rssMb);
  return {
    counts,
    metrics,
    memory: { allMb: totalOf(usages).rssMb, largestMb: Math.max(0, ...memory) },
    used: new Map([...usages, ...onlyOf(system.databases, shared)]),
    generator,
    everything: new Map([
      ...shared,
      ...generator,
      ...arena.systems.flatMap((one) => [...one.usages()]),
    ]),
    machine: machineTime(),
  };
}
