/** A console whose live orders come at a rate that no stack of a test reaches. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LiveEvents, OrderRow } from '../../../services/console/http/contract.ts';

const BATCHES_A_SECOND = 20;

export interface Rush {
  readonly url: string;
  /** How many rows were sent so far. */
  readonly sent: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * Serves what the console at `consoleUrl` serves, but for its live events: they tell of
 * `rows` orders a second, half of them new and half of them ended. The caller stops it.
 */
export async function startRush(consoleUrl: string, rows: number): Promise<Rush> {
  const behind = new URL(consoleUrl);
  const timers = new Set<NodeJS.Timeout>();
  let sent = 0;
  const server = createServer((asked, answer) => {
    if (asked.url !== '/api/live') {
      const { origin } = asked.headers;
      const headers = {
        ...asked.headers,
        host: behind.host,
        ...(origin && { origin: behind.origin }),
      };
      const { hostname, port } = behind;
      const passed = request(
        { host: hostname, port, path: asked.url, method: asked.method, headers },
        (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers);
          got.pipe(answer);
        },
      );
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
      return;
    }
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    const tell = <Type extends keyof LiveEvents>(type: Type, data: LiveEvents[Type]) =>
      answer.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    tell('hello', { pipeline: [], position: 0 });
    const timer = setInterval(() => {
      const batch = Array.from({ length: rows / BATCHES_A_SECOND }, () => rowOf(sent++));
      tell('orders', { rows: batch.reverse(), changed: batch.length });
    }, 1_000 / BATCHES_A_SECOND);
    timers.add(timer);
    answer.on('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The nth row: of each order one when it is placed, and one when it has ended. */
function rowOf(n: number): OrderRow {
  const ended = n % 2 === 1;
  const order = Math.floor(n / 2);
  const at = new Date().toISOString();
  return {
    order_id: `${String(order).padStart(8, '0')}-rush-7000-8000-000000000000`,
    customer_id: `customer-${order % 97}`,
    restaurant_id: `restaurant-${order % 13}`,
    amount: `${5 + (order % 60)}.50`,
    status: ended ? 'Approved' : 'Pending',
    payment_status: ended ? 'debited' : 'none',
    version: ended ? 3 : 1,
    created_at: at,
    changed_at: at,
    ...(!ended && { waits_for: 'payment', due_at: new Date(Date.now() + 60_000).toISOString() }),
  };
}
