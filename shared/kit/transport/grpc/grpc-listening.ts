import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../../logger.ts';
import { connectionRoom, peerName } from '../connection-room.ts';
import { listenOn, tellDropped } from '../net-listening.ts';
import type { GrpcLimits } from './limits.ts';

export interface GrpcListener {
  /** Listens for `server`; rejects if it cannot. Call it once. */
  listen(server: Server, host: string, port: number): Promise<void>;
  /** Throws before it listens. */
  port(): number;
  /** A call of a connection begins or ends; see `peerName`. */
  onCall(peer: string, begins: boolean): void;
  /** Accepts no more connections; resolves when the existing ones have ended. */
  close(): Promise<void>;
}

/**
 * Accepts a server's connections and keeps room for new ones: grpc-js's own binding has
 * no limit.
 */
export function grpcListener(
  limits: Pick<GrpcLimits, 'maxConnections' | 'firstMs'>,
  logger: Logger,
): GrpcListener {
  const room = connectionRoom({
    most: limits.maxConnections,
    firstMs: limits.firstMs,
    onFull: tellDropped('gRPC', limits.maxConnections, logger),
  });
  const sockets = new Map<string, Socket>();
  let inject: (socket: Socket) => void = () => {};
  // The options that node:http2 sets for sockets that it accepts itself.
  const net = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (!room.enter(socket)) return;
    const peer = peerName(socket.remoteAddress, socket.remotePort);
    sockets.set(peer, socket);
    socket.once('close', () => sockets.delete(peer));
    inject(socket);
  });
  return {
    listen: (server, host, port) => {
      inject = server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection;
      return listenOn(net, 'gRPC', host, port, logger);
    },
    port: () => (net.address() as AddressInfo).port,
    onCall: (peer, begins) => {
      const socket = sockets.get(peer);
      if (socket !== undefined) room[begins ? 'busy' : 'idle'](socket);
    },
    close: () => new Promise((done) => net.close(() => done())),
  };
}
