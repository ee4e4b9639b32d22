import { createServer, type Server as NetServer } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';

export interface Listening {
  readonly port: number;
  /** Takes no more connections; resolves when those that are there have ended. */
  close(): Promise<void>;
}

/**
 * Listens for `server`, with a bound on its connections: a server that grpc-js
 * binds by itself has none. Rejects where it cannot listen.
 */
export function listen(
  server: Server,
  host: string,
  port: number,
  maxConnections: number,
): Promise<Listening> {
  const { injectConnection } = server.createConnectionInjector(ServerCredentials.createInsecure());
  // As node:http2 asks of the sockets that it accepts itself.
  const net: NetServer = createServer({ allowHalfOpen: true, noDelay: true }, injectConnection);
  net.maxConnections = maxConnections;
  return new Promise((resolve, reject) => {
    net.once('error', (cause) => {
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      reject(new Error(`gRPC cannot listen on ${address}: ${cause.message}`, { cause }));
    });
    net.listen({ host, port }, () => {
      const bound = net.address();
      const listening = { port: typeof bound === 'object' && bound ? bound.port : port };
      resolve({ ...listening, close: () => new Promise((done) => net.close(() => done())) });
    });
  });
}
