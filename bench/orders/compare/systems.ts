/** The product and the bare path, as the bench looks at them. */
import type { Sql } from 'postgres';
import { databases } from '../../../stack/services.ts';
import type { Stack } from '../../../stack/stack.ts';
import type { BarePath } from '../bare/start.ts';
import { BARE_STREAM } from '../bare/wire.ts';
import { type EndingsStream, followEndings, ordersEndings } from '../follow.ts';
import { scrape } from '../measure/scrape.ts';
import { usageOf } from '../measure/usage.ts';
import type { System } from './system.ts';

/** As follow.ts names its connection. */
const BENCH = 'bench-orders';

/** The id of a process of the stack; 0 while it does not run. */
export const pidOf = (stack: Stack, name: string): number => stack.unit(name).process?.pid ?? 0;

/** @param open opens a connection that the caller closes */
export function productOf(stack: Stack, open: (url: string) => Sql): System {
  const log = open(stack.addresses.EVENTSTORE_DATABASE_URL);
  const rows = open(stack.addresses.ORDERS_DATABASE_URL);
  return {
    name: 'product',
    url: stack.httpUrl ?? '',
    follow: (onEnded) => followEndings(stack.addresses.NATS_URL, ordersEndings, onEnded),
    stream: ordersEndings.name,
    // Its retries and deadlines bring every order to an end.
    patienceMs: 150_000,
    databases: Object.values(databases),
    // All but the bare path's and the bench's own.
    connects: (name) => !name.startsWith('bare ') && name !== BENCH,
    usages: () => new Map(stack.processes.map((name) => [name, usageOf(pidOf(stack, name))])),
    metrics: async () => {
      const pages = await Promise.all(Object.values(stack.adminUrls).map(scrape));
      return new Map(pages.flatMap((page) => [...page]));
    },
    behind: async () => {
      const [head] = await log`select position from log_head where stream = ${ordersEndings.name}`;
      const [mark] = await rows`select max(position) as position from projection_checkpoint`;
      return Math.max(0, Number(head?.position) - Number(mark?.position));
    },
  };
}

export function bareOf({ httpUrl, natsUrl, processes }: BarePath, sql: Sql): System {
  return {
    name: 'bare path',
    url: httpUrl,
    follow: (onEnded) => followEndings(natsUrl, bareEndings, onEnded),
    stream: bareEndings.name,
    patienceMs: 10_000,
    databases: ['bare'],
    connects: (name) => processes.some((one) => one.name === name),
    usages: () => new Map(processes.map(({ name, pid }) => [name, usageOf(pid)])),
    metrics: async () => new Map(),
    behind: async () => {
      const [row] = await sql`
        select coalesce((select max(position) from events), 0)
             - (select position from progress) as behind`;
      return Number(row?.behind);
    },
  };
}

const text = new TextDecoder();

const bareEndings: EndingsStream = {
  name: BARE_STREAM,
  endings: { [`${BARE_STREAM}.approved`]: 'Approved' },
  orderIdOf: ({ data }) => JSON.parse(text.decode(data)).orderId,
};
