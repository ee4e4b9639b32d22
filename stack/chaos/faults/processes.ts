import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'nats';
import { durables, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import { natsConnectionOptions } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { until } from '../../until.ts';
import type { Fault, Where } from './fault.ts';

const DOWN_MS = 2_500;
const RESTART_MS = 3_000;
const BACK_MS = 60_000;

/** SIGKILL to all of these; the stack starts what died again. */
export const killed = (...names: readonly string[]): Fault => ({
  name: `${names.join(' and ')} killed`,
  plannedMs: RESTART_MS,
  async happen({ stack, signal }) {
    const before = names.map((name) => stack.unit(name).process?.pid);
    for (const name of names) stack.kill(name);
    const back = () =>
      names.every((name, index) => {
        const pid = stack.unit(name).process?.pid;
        return pid !== undefined && pid !== before[index];
      });
    await until(back, {
      what: `${names.join(' and ')} running again`,
      deadlineMs: BACK_MS,
      signal,
    });
    return undefined;
  },
});

/** Stopped in order, and away for a while. */
export const away = (name: string): Fault => ({
  name: `${name} away`,
  plannedMs: DOWN_MS + RESTART_MS,
  async happen(where) {
    await where.stack.unit(name).stop();
    await delay(DOWN_MS, undefined, { signal: where.signal }).catch(() => {});
    await where.stack.unit(name).start();
    return undefined;
  },
});

/** SIGSTOP to all of these, then SIGCONT: meanwhile they exist but do not answer. */
export const stopped = (names: readonly string[], ms: number): Fault => ({
  name: `${names.join(' and ')} stopped for ${ms / 1_000} s`,
  plannedMs: ms,
  silences: names,
  async happen(where) {
    signalAll(where, names, 'SIGSTOP');
    try {
      await delay(ms, undefined, { signal: where.signal });
      await tellHands(where, names);
    } finally {
      signalAll(where, names, 'SIGCONT');
    }
    return undefined;
  },
});

const durableOf: Readonly<Record<string, string>> = {
  paymentworker: durables.payment,
  reviewworker: durables.review,
};

/**
 * Workers that cannot answer while these are stopped: themselves, and all whose answers go
 * to the log through one of them.
 */
export const workersSilencedBy = (names: readonly string[]): readonly string[] =>
  names.some((name) => name.startsWith('eventstoresvc'))
    ? Object.keys(durableOf)
    : names.filter((name) => durableOf[name] !== undefined);

/** What the broker had handed out: some of it may lie in the sockets of processes that stand still. */
async function tellHands({ stack, hands }: Where, names: readonly string[]): Promise<void> {
  const workers = workersSilencedBy(names);
  if (workers.length === 0) return;
  const connection = await connect(natsConnectionOptions(stack.addresses.NATS_URL, 'chaos'));
  try {
    const { consumers } = await connection.jetstreamManager();
    for (const name of workers) {
      const { delivered } = await consumers.info(ORDERS_STREAM, durableOf[name] ?? '');
      hands(name, BigInt(delivered.stream_seq));
    }
  } finally {
    await connection.close();
  }
}

function signalAll({ stack }: Where, names: readonly string[], signal: NodeJS.Signals): void {
  for (const name of names) stack.kill(name, signal);
}
