import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../logger.ts';
import { listenOn } from './net-listening.ts';

export interface Listening {
  readonly port: number;
  /** Takes no more connections; resolves when those that are there have ended. */
  close(): Promise<void>;
}

/**
 * Listens for `server`, with a bound on its connections: a server that grpc-js
 * binds by itself has none. Rejects where it cannot listen.
 */
export async function listen(
  server: Server,
  host: string,
  port: number,
  maxConnections: number,
  logger: Logger,
): Promise<Listening> {
  const { injectConnection } = server.createConnectionInjector(ServerCredentials.createInsecure());
  // As node:http2 asks of the sockets that it accepts itself.
  const net: NetServer = createServer({ allowHalfOpen: true, noDelay: true }, injectConnection);
  net.maxConnections = maxConnections;
  await listenOn(net, 'gRPC', host, port, logger);
  const { port: bound } = net.address() as AddressInfo;
  return { port: bound, close: () => new Promise((done) => net.close(() => done())) };
}
