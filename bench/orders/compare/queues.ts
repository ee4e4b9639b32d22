/** How long queues are while a system works, looked at now and then. */
import { setTimeout as delay } from 'node:timers/promises';
import { natsCounts } from '../measure/nats-counts.ts';
import type { Arena } from './arena.ts';
import type { System } from './system.ts';

/** Every look of a round, by queue, in order. */
export type Queues = Readonly<Record<string, readonly number[]>>;

/** Often enough to see a queue grow, seldom enough to cost nothing to speak of. */
const EVERY_MS = 500;

/** Looks until it is stopped, which resolves when it has. A look that fails is left out. */
export function watchQueues(
  arena: Arena,
  system: System,
): { readonly queues: () => Queues; readonly stop: () => Promise<void> } {
  const ended = new AbortController();
  const queues: Record<string, number[]> = {};
  const add = (name: string, length: number) => {
    queues[name] ??= [];
    queues[name].push(length);
  };
  const look = async () => {
    const { durables } = await natsCounts(arena.natsMonitorUrl, system.stream);
    for (const [name, { waiting }] of durables) add(name, waiting);
    add('rows behind the log', await system.behind());
    const metrics = await system.metrics();
    const log = metrics.get('eventstore_log_position');
    const stream = metrics.get('eventstore_stream_position');
    if (log !== undefined && stream !== undefined) add('stream behind the log', log - stream);
  };
  const looking = (async () => {
    while (!ended.signal.aborted) {
      await delay(EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!ended.signal.aborted) await look().catch(() => undefined);
    }
  })();
  return {
    queues: () => queues,
    stop: () => {
      ended.abort();
      return looking;
    },
  };
}
