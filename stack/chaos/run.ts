import type { AuditReport } from '../../cli/audit/report.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { TESTER, testerRights } from '../credentials/testing/tester.ts';
import { dice } from '../interleavings/dice.ts';
import type { Say } from '../launch.ts';
import { startStack } from '../stack.ts';
import { auditBooks, booksAgree } from './books.ts';
import { now } from './clock.ts';
import { crowd } from './crowd.ts';
import { databasesOn, startCluster } from './databases.ts';
import { dealDeck, harmed } from './deck.ts';
import type { Where } from './faults/fault.ts';
import { workersSilencedBy } from './faults/processes.ts';
import { type Cost, cost, during, pauseOfAccepting, quiet } from './latencies.ts';
import { lettersWithoutCause } from './letters.ts';
import type { ChaosOptions } from './options.ts';
import type { Told } from './person.ts';
import { poison } from './poison.ts';
import { untilReady } from './readiness.ts';
import { environment, stoppedMs } from './settings.ts';
import { settled } from './settle.ts';
import { type Happened, timeline } from './timeline.ts';
import { type Histories, judge, type Silence, type Wrong } from './verdict.ts';
import { layWires } from './wires.ts';

/** All that a run found. Times are of {@link now}. */
export interface ChaosReport {
  readonly options: ChaosOptions;
  readonly beganAt: number;
  readonly tookMs: number;
  readonly faults: readonly (Happened & {
    readonly cost: Cost;
    /** See {@link pauseOfAccepting}. */
    readonly pauseMs: number | undefined;
  })[];
  /** While no fault was under way. */
  readonly quiet: Cost;
  readonly ended: Readonly<Record<string, number>>;
  /** Requests that failed and were repeated. */
  readonly failedRequests: number;
  readonly undecidable: number;
  readonly inStoppedHands: number;
  /** Events that no worker can read. */
  readonly poisoned: number;
  readonly wrong: readonly Wrong[];
  /** Processes that needed a hand, faults that could not be done, letters without a cause. */
  readonly troubles: readonly string[];
  readonly audit: AuditReport;
}

export interface Progress {
  readonly say: Say;
  readonly onFault: (name: string) => void;
  readonly onFaultOver: (one: Happened) => void;
  /** Called once, when orders begin. */
  readonly onOrders: (standing: () => { readonly sent: number; readonly done: number }) => void;
  readonly onSettling: () => void;
}

/** Of the run's planned time for each order: about fourteen orders a second. */
const MS_AN_ORDER = 72;
/** Of the planned time, before the first fault and again after the last one; at most so long. */
const QUIET_SHARE = 0.1;
const LONGEST_QUIET_MS = 8_000;
const GAP_MS = 1_200;

/** True if nothing was lost, duplicated, stuck or cancelled without cause, and all books agree. */
export const passed = ({ wrong, troubles, audit, poisoned }: ChaosReport): boolean =>
  wrong.length === 0 && troubles.length === 0 && booksAgree(audit, poisoned);

/** One run, on a stack of its own in `dataDir`. Rejects when that cannot start, or the signal aborts. */
export async function run(
  options: ChaosOptions,
  dataDir: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const wires = layWires();
  const patroni =
    options.sql === 'patroni' ? await startCluster(dataDir, progress.say, signal) : undefined;
  try {
    const stack = await startStack({
      dataDir,
      zipkin: false,
      rights: testerRights,
      natsNodes: options.natsNodes,
      instances: Object.fromEntries(harmed.map(({ name }) => [name, options.instances])),
      environment: environment(options.deadlineMs),
      own: { PERSONAL_DATA: options.personalData, ...databasesOn(patroni, options) },
      route: wires.route,
      say: progress.say,
      signal,
    });
    try {
      return await harm(options, { stack, wires, dataDir, patroni, signal }, progress);
    } finally {
      await wires.pass();
      await stack.stop();
    }
  } finally {
    await wires.stop();
    await patroni?.stop();
  }
}

async function harm(
  options: ChaosOptions,
  there: Pick<Where, 'stack' | 'wires' | 'dataDir' | 'patroni' | 'signal'>,
  progress: Progress,
): Promise<ChaosReport> {
  const { stack, signal } = there;
  const { orders, seed, natsNodes: nodes, deadlineMs } = options;
  const codec = orderEventCodec(2);
  const log = createGrpcEventStore({
    address: stack.addresses.EVENTSTORE_ADDRESS,
    stream: ORDERS_STREAM,
    timeoutMs: 10_000,
    logger: silentLogger,
    tls: stack.eventStoreTls(TESTER),
  });
  const natsNodes = ['NATS', 'NATS-2', 'NATS-3'].slice(0, nodes);
  const luck = dice(seed);
  const plannedMs = orders * MS_AN_ORDER;
  const quietMs = Math.min(LONGEST_QUIET_MS, QUIET_SHARE * plannedMs);
  const faults = dealDeck(luck, {
    instances: options.instances,
    natsNodes,
    budgetMs: plannedMs - 2 * quietMs,
    gapMs: GAP_MS,
    stoppedMs: stoppedMs(deadlineMs),
    only: options.only,
    personalData: options.personalData,
    sql: options.sql,
  });
  const where = { ...there, natsNodes, luck };
  const beganAt = now();
  const line = timeline(faults, where, {
    quietMs,
    gapMs: GAP_MS,
    onBegin: progress.onFault,
    onEnd: progress.onFaultOver,
  });
  const people = crowd(
    options,
    {
      urls: stack.httpUrls,
      poison: (orderId) => poison(log, orderId, signal),
      forgotten: () => line.current()?.forgets === true,
      signal,
    },
    line.share,
  );
  progress.onOrders(people.standing);
  try {
    const [all] = await Promise.all([people.run(), line.run()]);
    progress.onSettling();
    const histories = await settled(log, codec, signal);
    const restarted = await untilReady(stack, signal);
    const poisons = new Set(all.flatMap((told) => told.poison ?? []));
    const letters = await lettersWithoutCause(log, poisons);
    const audit = await auditBooks(stack, codec, deadlineMs);
    return {
      options,
      beganAt,
      poisoned: poisons.size,
      tookMs: now() - beganAt,
      ...costs(all, histories, line.happened),
      ...judge(all, histories, { codec, deadlineMs, silences: silencesOf(line.happened, options) }),
      failedRequests: all.reduce((sum, { failed }) => sum + failed, 0),
      troubles: [
        ...[...line.happened.flatMap((one) => one.restarted), ...restarted].map(
          (text) => `had to be restarted by hand: ${text}`,
        ),
        ...line.happened.flatMap(({ name, failed }) =>
          failed === undefined ? [] : `${name} could not be done: ${failed}`,
        ),
        ...letters.map(
          ({ consumer, position, reason, lastError }) =>
            `parked without cause: ${consumer} at position ${position}, ${reason} (${lastError})`,
        ),
      ],
      audit,
    };
  } finally {
    await log.stop?.();
  }
}

/** Times in which a worker could not answer: all of its processes stood still, or all event stores. */
function silencesOf(
  happened: readonly Happened[],
  { instances }: ChaosOptions,
): readonly Silence[] {
  return happened.flatMap(({ silenced, handed, beganAt: from, overAt: to }) =>
    silenced.length === instances
      ? workersSilencedBy(silenced).map((service) => ({
          service,
          from,
          to,
          handed: handed[service] ?? 0n,
        }))
      : [],
  );
}

function costs(all: readonly Told[], histories: Histories, happened: readonly Happened[]) {
  return {
    quiet: cost(all, histories, quiet(happened)),
    faults: happened.map((one) => ({
      ...one,
      cost: cost(all, histories, during(one)),
      pauseMs: pauseOfAccepting(all, one),
    })),
  };
}
