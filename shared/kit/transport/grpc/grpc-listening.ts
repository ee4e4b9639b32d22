import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../../logger.ts';
import { connectionRoom, peerName } from '../connection-room.ts';
import { listenOn, tellDropped } from '../net-listening.ts';
import { type SecureAccepting, secureAccepting } from '../tls/secure-accepting.ts';
import type { TlsIdentity } from '../tls/tls-files.ts';
import type { GrpcLimits } from './limits.ts';

export interface GrpcListener {
  /** Listens for `server`; rejects if it cannot. Call it once. */
  listen(server: Server, host: string, port: number): Promise<void>;
  /** Throws before it listens. */
  port(): number;
  /** A call of a connection begins or ends; see `peerName`. */
  onCall(peer: string, begins: boolean): void;
  /** Who is on this connection, by its certificate; undefined without TLS, or if it names nobody. */
  identity(peer: string): string | undefined;
  /** Accepts no more connections; resolves when the existing ones have ended. */
  close(): Promise<void>;
}

/**
 * Accepts a server's connections and keeps room for new ones: grpc-js's own binding has
 * no limit. With `tls` only those with a certificate of our CA get through.
 */
export function grpcListener(
  limits: Pick<GrpcLimits, 'maxConnections' | 'firstMs'>,
  logger: Logger,
  tls?: TlsIdentity,
): GrpcListener {
  const room = connectionRoom({
    most: limits.maxConnections,
    firstMs: limits.firstMs,
    onFull: tellDropped('gRPC', limits.maxConnections, logger),
  });
  const sockets = new Map<string, Socket>();
  const identities = new Map<string, string>();
  let secure: SecureAccepting | undefined;
  let inject: (socket: Socket) => void = () => {};
  // The options that node:http2 sets for sockets that it accepts itself.
  const net = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (!room.enter(socket)) return;
    const peer = peerName(socket.remoteAddress, socket.remotePort);
    sockets.set(peer, socket);
    socket.once('close', () => {
      sockets.delete(peer);
      identities.delete(peer);
    });
    if (secure === undefined) inject(socket);
    else secure.accept(socket);
  });
  return {
    listen: (server, host, port) => {
      if (tls !== undefined) {
        const options = { identity: tls, protocol: 'h2', handshakeMs: limits.firstMs, logger };
        secure = secureAccepting(options, (socket, identity) => {
          const peer = peerName(socket.remoteAddress, socket.remotePort);
          // It may have gone during the handshake.
          if (identity !== undefined && sockets.has(peer)) identities.set(peer, identity);
          inject(socket);
        });
      }
      // TLS is ours, so that the library sees plain connections in either case.
      inject = server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection;
      return listenOn(net, 'gRPC', host, port, logger);
    },
    port: () => (net.address() as AddressInfo).port,
    onCall: (peer, begins) => {
      const socket = sockets.get(peer);
      if (socket !== undefined) room[begins ? 'busy' : 'idle'](socket);
    },
    identity: (peer) => identities.get(peer),
    close: () => {
      secure?.close();
      return new Promise((done) => net.close(() => done()));
    },
  };
}
