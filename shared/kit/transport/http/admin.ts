import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Metrics } from '../../metrics/metrics.ts';
import { isAddressed } from '../../process/address/addressed.ts';
import type { Component } from '../../process/lifecycle.ts';
import { keepRoom } from './http-listening.ts';

export interface AdminOptions {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** Why the process is not ready; empty when it is. */
  readonly notReady: () => string[];
  /** Why accepted work makes no progress, though the process is ready; empty when it does. */
  readonly degraded: () => string[];
  readonly metrics: Pick<Metrics, 'handle'>;
  /** What else may be read here as JSON, by path. */
  readonly also?: AdminPages | undefined;
}

/** Pages of a service's own, by path: what each shows. One that rejects is answered 503. */
export type AdminPages = Readonly<Record<string, (query: URLSearchParams) => Promise<object>>>;

/** How long an open request may still take when the server stops, in milliseconds. */
const drainMs = 1_000;

/** Monitoring asks a process one question, and few ask at once. Times are in milliseconds. */
const limits = { connections: 64, headersMs: 5_000, requestMs: 10_000 };

/**
 * What operators ask a process, on a port of its own: `/healthz` (it lives:
 * 200), `/readyz` (`ready` or `degraded`: 200, `not ready`: 503, the latter two
 * with reasons), `/metrics` and pages of its own. A `Host` that is another's gets 421.
 */
export function adminServer(options: AdminOptions): Component & { port(): number } {
  const { host, notReady, degraded, metrics, also = {} } = options;
  const timeouts = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(timeouts, (request, response) => {
    // No connection outlives its answer, so that stopping never waits for an idle one.
    response.setHeader('connection', 'close');
    if (!isAddressed(request.headers.host, host)) {
      json(response, 421, { status: 'misdirected request' });
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      json(response, 405, { status: 'method not allowed' });
      return;
    }
    const [path = '', query] = request.url?.split('?', 2) ?? [];
    const page = Object.hasOwn(also, path) ? also[path] : undefined;
    if (page !== undefined) {
      page(new URLSearchParams(query)).then(
        (shown) => json(response, 200, shown),
        () => json(response, 503, { status: 'unavailable' }),
      );
      return;
    }
    switch (path) {
      case '/healthz':
        json(response, 200, { status: 'ok' });
        break;
      case '/readyz': {
        const unready = notReady();
        const slow = degraded();
        if (unready.length > 0) {
          json(response, 503, { status: 'not ready', reasons: [...unready, ...slow] });
        } else if (slow.length > 0) json(response, 200, { status: 'degraded', reasons: slow });
        else json(response, 200, { status: 'ready' });
        break;
      }
      case '/metrics':
        metrics.handle(request, response);
        break;
      default:
        json(response, 404, { status: 'not found' });
    }
  });
  keepRoom(server, limits, () => {});
  return {
    name: 'admin',
    port() {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('admin is not started');
      return address.port;
    },
    start: () => listen(server, host, options.port),
    stop: () => close(server),
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
  });
}
