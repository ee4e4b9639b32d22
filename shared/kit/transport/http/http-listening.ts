import { createServer, type RequestListener, type Server } from 'node:http';
import type { Logger } from '../../logger.ts';
import { connectionRoom } from '../connection-room.ts';
import { tellDropped } from '../net-listening.ts';

/** What one caller can hold, and all together. Times are in milliseconds. */
export interface HttpLimits {
  /** From the first byte of a request, or of a new connection, to the end of its headers. */
  readonly headersMs: number;
  /** To the end of its body. */
  readonly requestMs: number;
  /** How long a connection is kept for a next request. */
  readonly keepAliveMs: number;
  /** How long nothing may move on a connection, so that an answer that nobody reads is let go. Longer than any endpoint takes. */
  readonly idleMs: number;
  /** Connections at once; see connection-room.ts for who makes room for the next one. Each costs a few kB and a file descriptor. */
  readonly connections: number;
  /** Bodies of all requests together, from their first byte until their request is answered, in bytes; a body beyond is refused. */
  readonly bodiesBytes: number;
}

export const httpLimits: HttpLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  idleMs: 60_000,
  connections: 10_000,
  bodiesBytes: 64 * 1024 * 1024,
};

/** The address and the headers of a request, in bytes; Node's own, but not to be changed by its environment. */
const MAX_HEADERS_BYTES = 16 * 1024;

/** More headers than this are refused, not cut off: a key among them would be lost. */
const MAX_HEADERS = 100;

/** A server, not listening yet, of which nobody can hold more than `limits`. */
export function limitedServer(limits: HttpLimits, logger: Logger): Server {
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Both timeouts are seen only when Node looks; by default it does so every 30 seconds.
    connectionsCheckingInterval: Math.ceil(Math.min(2_000, limits.headersMs / 2)),
    maxHeaderSize: MAX_HEADERS_BYTES,
    // It is looked at in head.ts, where there is something to say about it.
    requireHostHeader: false,
  });
  server.timeout = limits.idleMs;
  server.maxHeadersCount = MAX_HEADERS;
  keepRoom(server, limits, tellDropped('HTTP', limits.connections, logger));
  return server;
}

/** What is idle makes room for new connections, where there are as many as may be. */
export function keepRoom(
  server: Server,
  limits: Pick<HttpLimits, 'connections'>,
  onFull: () => void,
): void {
  const room = connectionRoom({
    most: limits.connections,
    onFull,
  });
  server.on('connection', room.enter);
  const atWork: RequestListener = ({ socket }, response) => {
    room.busy(socket);
    response.once('close', () => room.idle(socket));
  };
  server.prependListener('request', atWork);
  // One who listens for these answers them; without a listener they come as any other.
  server.once('listening', () => {
    if (server.listenerCount('checkContinue') > 0) server.prependListener('checkContinue', atWork);
  });
}

/** `close` also ends the connections that are idle; those that are not end with their answer. */
export function drain(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
