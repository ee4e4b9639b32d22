import type { Server } from 'node:net';
import type { Logger } from '../logger.ts';
import { seldom } from '../seldom.ts';

/** How often the same warning about connections is logged. */
const TELL_EVERY_MS = 10_000;

/**
 * Makes `server` listen, and logs now and then that a connection was not accepted because
 * the system has no room for it; that is no reason to stop, because the next one may be
 * accepted. Rejects if it cannot listen, saying where. Call it once.
 */
export function listenOn(
  server: Server,
  protocol: 'HTTP' | 'gRPC',
  host: string,
  port: number,
  logger: Logger,
): Promise<void> {
  const notTaken = seldom(TELL_EVERY_MS, (leftOut, err: Error) =>
    logger.error(
      { err, since: leftOut },
      `${protocol} connections cannot be accepted at the moment`,
    ),
  );
  return new Promise((resolve, reject) => {
    // The listener stays: an error without a listener ends the process.
    server.on('error', (cause) => {
      if (server.listening) return notTaken(cause);
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      reject(new Error(`${protocol} cannot listen on ${address}: ${cause.message}`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
}

/** Logs now and then that a connection was closed because the limit was reached. */
export function tellDropped(
  protocol: 'HTTP' | 'gRPC' | 'admin',
  connections: number,
  logger: Logger,
): () => void {
  return seldom(TELL_EVERY_MS, (leftOut) =>
    logger.warn(
      { connections, since: leftOut },
      `too many ${protocol} connections: closing idle ones for new ones`,
    ),
  );
}
