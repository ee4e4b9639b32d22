import type { Server } from 'node:net';
import type { Logger } from '../logger.ts';
import { seldom } from './seldom.ts';

/** How often the same is said of connections that are not taken. */
const TELL_EVERY_MS = 10_000;

/**
 * Lets `server` listen, and says now and then when a connection is not taken
 * because the system has no room for it, which is no reason to end (the next one
 * may be taken). Rejects where it cannot listen, saying where. To be called once.
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
    // It stays: an error that nobody listens for ends the process.
    server.on('error', (cause) => {
      if (server.listening) return notTaken(cause);
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      reject(new Error(`${protocol} cannot listen on ${address}: ${cause.message}`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
}

/** Says now and then that a connection was closed because there were as many as may be. */
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
