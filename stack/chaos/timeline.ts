import { setTimeout as delay } from 'node:timers/promises';
import { now } from './clock.ts';
import type { Fault, Where } from './faults/fault.ts';
import { untilReady } from './readiness.ts';

/** One fault as it happened. Times are of the run's clock, in milliseconds. */
export interface Happened {
  readonly name: string;
  /** What the dice chose. */
  readonly what: string | undefined;
  readonly failover: boolean;
  /** Processes that did not answer from its start until it was undone. */
  readonly silenced: readonly string[];
  /** How much of the log these had been handed when it was undone, by service. */
  readonly handed: Readonly<Record<string, bigint>>;
  readonly beganAt: number;
  /** When it was undone. */
  readonly overAt: number;
  /** When all processes said that they are ready; undefined: some did not. */
  readonly readyAt: number | undefined;
  /** Processes that had to be restarted by hand, and what they said. */
  readonly restarted: readonly string[];
  /** Why the fault itself could not be done. */
  readonly failed: string | undefined;
}

export interface Timeline {
  /** From 0 to 1, by what was planned. */
  readonly share: () => number;
  readonly happened: readonly Happened[];
  /** The fault that is under way. */
  readonly current: () => Fault | undefined;
  /** Resolves when all faults are over. */
  readonly run: () => Promise<void>;
}

export interface TimelineOptions {
  /** Before the first fault and after the last one, to have something to compare with. */
  readonly quietMs: number;
  /** After each fault, for what it left behind. */
  readonly gapMs: number;
  readonly onBegin: (name: string) => void;
  readonly onEnd: (one: Happened) => void;
}

/** Nothing has happened yet. One fault is done at a time, and all processes are ready before the next. */
export function timeline(
  faults: readonly Fault[],
  where: Omit<Where, 'hands'>,
  { quietMs, gapMs, onBegin, onEnd }: TimelineOptions,
): Timeline {
  const happened: Happened[] = [];
  const total = 2 * quietMs + faults.reduce((sum, { plannedMs }) => sum + plannedMs + gapMs, 0);
  let done = 0;
  let current = { plannedMs: 0, since: now() };

  async function step(plannedMs: number, work: () => Promise<unknown>): Promise<void> {
    current = { plannedMs, since: now() };
    await work();
    done += plannedMs;
    current = { plannedMs: 0, since: now() };
  }
  const wait = (ms: number) => step(ms, () => delay(ms, undefined, { signal: where.signal }));

  let underWay: Fault | undefined;

  async function happen(fault: Fault): Promise<void> {
    const { name, failover = false, silences = [], happen: doIt } = fault;
    underWay = fault;
    const beganAt = now();
    onBegin(name);
    let failed: string | undefined;
    const handed: Record<string, bigint> = {};
    const hands = (service: string, position: bigint) => {
      handed[service] = position;
    };
    const what = await doIt({ ...where, hands }).catch((error: Error) => {
      where.signal.throwIfAborted();
      failed = error.message;
      return undefined;
    });
    const overAt = now();
    await where.wires.pass();
    const restarted = await untilReady(where.stack, where.signal);
    const readyAt = restarted.length === 0 ? now() : undefined;
    const told = { name, what, failover, silenced: silences, handed };
    const one = { ...told, beganAt, overAt, readyAt, restarted, failed };
    underWay = undefined;
    happened.push(one);
    onEnd(one);
  }

  return {
    share: () => Math.min(1, (done + Math.min(current.plannedMs, now() - current.since)) / total),
    happened,
    current: () => underWay,
    async run() {
      await wait(quietMs);
      for (const fault of faults) {
        await step(fault.plannedMs, () => happen(fault));
        await wait(gapMs);
      }
      await wait(quietMs);
      done = total;
    },
  };
}
