import type { Pipeline, PipelinePoint } from '../../../shared/contracts/console.ts';
import { durables, READ_MODEL } from '../../../shared/contracts/subjects.ts';
import type { KeptCheckpoint } from '../../../shared/eventstore/checkpoints.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { unsampled } from '../../../shared/eventstore/unsampled.ts';
import { background, type Context, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { foldedRow, type Patience } from '../orders/console-rows.ts';
import { askAdmin } from './admin-client.ts';
import { consumersOf, type Progress, runnerOf } from './consumers-view.ts';
import { headTimes, lastHour } from './last-hour.ts';
import type { LiveReaders } from './live-readers.ts';
import type { LogWatch } from './log-watch.ts';
import type { OrderChanges } from './order-changes.ts';
import { ANSWER_MS, type PartAddress, type PartsWatch } from './parts-watch.ts';
import { recentJourneys } from './percentiles.ts';

export interface PipelineWatchOptions {
  readonly store: Pick<EventStore, 'listCheckpoints' | 'deadLetters'>;
  readonly log: LogWatch;
  readonly changes: OrderChanges;
  readonly parts: PartsWatch;
  /** Where the parts are asked for more than how they are. */
  readonly addresses: readonly PartAddress[];
  readonly readers: LiveReaders;
  readonly decimals: number;
  readonly patience: Patience;
  readonly logger: Logger;
  /** Milliseconds since the epoch: due times are of that clock. */
  readonly now: () => number;
}

/**
 * Looks at everything once a second, or while nobody watches every five seconds, keeps an hour
 * of it, and tells those who watch.
 */
export interface PipelineWatch extends Component {
  /** As of the last look. */
  readonly now: Pipeline | undefined;
  readonly hour: readonly PipelinePoint[];
}

const LOOK_MS = 1_000;
/** Nobody watches: only each fifth look is taken. */
const UNWATCHED = 5;
/** Letters are asked for this seldom, in milliseconds; there may be a thousand. */
const LETTERS_MS = 2_500;
/** What changed goes out four times a second; where it was more than a page shows, once. */
const TELL_MS = 250;
const REST = 3;
/** As many rows as a page shows. */
const NEWEST = 50;
/** Among so many are looked for those of readers who see some orders only. */
const NEWEST_OF_ALL = 200;
const LETTERS = 1_000;
const STORE_MS = 2_000;

export function pipelineWatch(options: PipelineWatchOptions): PipelineWatch {
  const { store, log, changes, parts, readers, decimals, patience, logger } = options;
  const stopping = new AbortController();
  const hour = lastHour();
  const heads = headTimes();
  const journeys = recentJourneys();
  const ctx = (): Context =>
    unsampled(withTimeLeft(withSignal(background(), stopping.signal), STORE_MS));
  let now: Pipeline | undefined;
  let looks = 0;
  let before = { at: performance.now(), accepted: 0, completed: 0 };
  let checkpoints: readonly KeptCheckpoint[] = [];
  let parked: readonly ParkedLetter[] = [];
  let parkedAt = Number.NEGATIVE_INFINITY;
  let readModel: Progress | undefined;
  let rest = 0;
  const away = new Map<string, string>();
  let timers: NodeJS.Timeout[] = [];
  let looking = false;
  let telling = false;

  /** Asks for one thing; what fails keeps its last value and is told. */
  async function ask(what: string, question: () => Promise<void>): Promise<void> {
    try {
      await question();
      away.delete(what);
    } catch (err) {
      if (!stopping.signal.aborted && !away.has(what)) {
        logger.warn({ err }, `the console cannot see ${what}`);
      }
      away.set(what, `${what} cannot be seen at the moment`);
    }
  }

  async function readModelProgress(): Promise<void> {
    const runner = runnerOf(READ_MODEL);
    const address = options.addresses.find(({ name }) => name === runner);
    if (address === undefined) return;
    const said = await askAdmin(`${address.url}/progress`, ANSWER_MS);
    const { position } = said as { position?: unknown };
    if (typeof position !== 'number') throw new Error('no position');
    readModel = { consumer: READ_MODEL, position, delivered: position };
  }

  async function letters(): Promise<void> {
    const at = performance.now();
    if (at - parkedAt < LETTERS_MS) return;
    parked = await store.deadLetters(ctx(), { state: 'parked', limit: LETTERS });
    parkedAt = at;
  }

  async function look(): Promise<void> {
    heads.saw(Number(log.head()), performance.now());
    if (looks++ % UNWATCHED !== 0 && readers.count === 0) return;
    await Promise.all([
      parts.ask(),
      ask('the checkpoints', async () => {
        checkpoints = await store.listCheckpoints(ctx());
      }),
      ask('the dead letters', letters),
      ask('how far the read model is', readModelProgress),
    ]);
    now = seen();
    hour.add(pointOf(now));
    if (readers.count > 0) readers.pipeline(now);
  }

  function seen(): Pipeline {
    const { accepted, completed } = changes;
    const at = performance.now();
    const head = Number(log.head());
    const seconds = Math.max(0.001, (at - before.at) / 1_000);
    const rate = (total: number, was: number) => Math.round(((total - was) / seconds) * 10) / 10;
    const rates = {
      accepted_per_s: rate(accepted, before.accepted),
      completed_per_s: rate(completed, before.completed),
    };
    before = { at, accepted, completed };
    journeys.add(changes.journeys(), at);
    const took = journeys.percentiles();
    const { overdue, ...open } = changes.open(options.now());
    const partly = log.blind();
    const blind = [...(partly === undefined ? [] : [partly]), ...away.values()];
    return {
      at: new Date(options.now()).toISOString(),
      head,
      parts: parts.parts(),
      consumers: consumersOf({
        head,
        lastOf: changes.lastOf,
        progress: progressOf(checkpoints, readModel),
        parked,
        ageAfter: (position) => heads.ageAfter(position, at),
        part: parts.part,
      }),
      open,
      overdue,
      letters_parked: parked.length,
      ...rates,
      ...(took && { journey_ms: took }),
      ...(blind.length > 0 && { blind }),
    };
  }

  async function tell(): Promise<void> {
    if (readers.count === 0) {
      changes.look(0);
      return;
    }
    if (rest-- > 0) return;
    const found = await log.look(readers.seeSome ? NEWEST_OF_ALL : NEWEST);
    rest = found.changed > NEWEST ? REST : 0;
    if (found.changed === 0) return;
    const rules = { decimals, patience, nowMs: options.now() };
    readers.orders({
      rows: found.newest.flatMap((order) => foldedRow(order, rules) ?? []),
      changed: found.changed,
      accepted: changes.accepted,
      completed: changes.completed,
    });
  }

  return {
    name: 'pipeline watch',
    start: async () => {
      // A look that takes longer than a second, as at a silent part, is not overtaken.
      const guarded = (
        work: () => Promise<void>,
        busy: () => boolean,
        set: (on: boolean) => void,
      ) =>
        void (async () => {
          if (busy()) return;
          set(true);
          await work().catch((err) => logger.error({ err }, 'the console failed to look'));
          set(false);
        })();
      const looks = () =>
        guarded(
          look,
          () => looking,
          (on) => {
            looking = on;
          },
        );
      const tells = () =>
        guarded(
          tell,
          () => telling,
          (on) => {
            telling = on;
          },
        );
      looks();
      timers = [setInterval(looks, LOOK_MS), setInterval(tells, TELL_MS)];
    },
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
    },
    get now() {
      return now;
    },
    get hour() {
      return hour.points();
    },
  };
}

/** The order in which an event meets them. */
const CONSUMERS: readonly string[] = [durables.payment, durables.review, durables.saga, READ_MODEL];

/** Ours in the order of an order's path, then others by name. */
function progressOf(
  checkpoints: readonly KeptCheckpoint[],
  readModel: Progress | undefined,
): readonly Progress[] {
  const kept = checkpoints.map(
    ({ consumer, position, delivered, silentMs }): Progress => ({
      consumer,
      ...(silentMs !== undefined && { silentMs }),
      position: Number(position),
      delivered: Number(delivered),
    }),
  );
  const all = readModel === undefined ? kept : [...kept, readModel];
  const place = ({ consumer }: Progress) => {
    const at = CONSUMERS.indexOf(consumer);
    return at === -1 ? CONSUMERS.length : at;
  };
  return all.sort((a, b) => place(a) - place(b) || a.consumer.localeCompare(b.consumer));
}

const pointOf = (now: Pipeline): PipelinePoint => ({
  at: now.at,
  head: now.head,
  accepted: now.accepted_per_s,
  completed: now.completed_per_s,
  ...(now.journey_ms && { p50: now.journey_ms.p50, p99: now.journey_ms.p99 }),
  ...(now.open && { open: now.open.Pending + now.open.Paid }),
  ...(now.overdue !== undefined && { overdue: now.overdue }),
  lag: Object.fromEntries(now.consumers.map(({ name, lag }) => [name, lag])),
});
