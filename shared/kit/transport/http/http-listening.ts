import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
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
  /** How long a connection may be inactive, so that an answer that nobody reads is dropped. Longer than any endpoint takes. */
  readonly idleMs: number;
  /** Connections at once; see connection-room.ts for who makes room for the next one. Each costs a few kB and a file descriptor. */
  readonly connections: number;
  /** Bytes of all request bodies together, each from its first byte until its request is answered; a body beyond is refused. */
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

/** The address and headers of a request, in bytes: Node's default, but its environment cannot change it. */
const MAX_HEADERS_BYTES = 16 * 1024;

/** A request with more headers is refused, not truncated: a key among them would be lost. */
const MAX_HEADERS = 100;

/** A server, not yet listening, that enforces `limits`. */
export function limitedServer(limits: HttpLimits, logger: Logger): Server {
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Node checks both timeouts this often; its default is 30 seconds.
    connectionsCheckingInterval: Math.ceil(Math.min(2_000, limits.headersMs / 2)),
    maxHeaderSize: MAX_HEADERS_BYTES,
    // head.ts checks it, and can say what is wrong.
    requireHostHeader: false,
  });
  server.timeout = limits.idleMs;
  server.on('timeout', endIfSilent);
  server.maxHeadersCount = MAX_HEADERS;
  keepRoom(server, limits, tellDropped('HTTP', limits.connections, logger));
  return server;
}

/**
 * Ends a connection whose time is up, unless bytes of it lie in its socket: a process that got
 * no processor for a while hears of the time first, and of the request that came in time only
 * then. Node itself would reset the request.
 */
function endIfSilent(socket: Socket): void {
  const heard = socket.bytesRead;
  // Behind the reads of this turn of the loop.
  setImmediate(() => {
    if (socket.bytesRead === heard) socket.destroy();
  });
}

/** When the limit is reached, idle connections make room for new ones. */
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
  // Node emits `checkContinue` only to a listener; without one the request arrives like
  // any other.
  server.once('listening', () => {
    if (server.listenerCount('checkContinue') > 0) server.prependListener('checkContinue', atWork);
  });
}

/** `close` also ends idle connections; the others end with their answer. */
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
