import type { Server } from 'node:net';
import type { Logger } from '../logger.ts';

/** How often the same is said of connections that are not taken. */
const TELL_EVERY_MS = 10_000;

/**
 * Lets `server` listen, and says now and then when a connection is not taken:
 * because there are too many, or because the system has no room for it, which is
 * no reason to end (the next one may be taken). Rejects where it cannot listen,
 * saying where. To be called once.
 */
export function listenOn(
  server: Server,
  protocol: 'HTTP' | 'gRPC',
  host: string,
  port: number,
  logger: Logger,
): Promise<void> {
  server.on(
    'drop',
    seldom(() => {
      const connections = server.maxConnections;
      logger.warn({ connections }, `too many ${protocol} connections: new ones are closed`);
    }),
  );
  const notTaken = seldom((err: Error) =>
    logger.error({ err }, `${protocol} connections cannot be taken at the moment`),
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

/** `tell`, but not again for a while. */
function seldom<Args extends readonly unknown[]>(tell: (...args: Args) => void) {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (...args: Args): void => {
    const now = performance.now();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    tell(...args);
  };
}
