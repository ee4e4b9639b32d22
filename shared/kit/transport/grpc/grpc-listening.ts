import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../../logger.ts';
import { connectionRoom, peerName } from '../connection-room.ts';
import { listenOn, tellDropped } from '../net-listening.ts';
import type { GrpcLimits } from './limits.ts';

export interface GrpcListener {
  /** Listens for `server`; rejects where it cannot. To be called once. */
  listen(server: Server, host: string, port: number): Promise<void>;
  /** Throws before it listens. */
  port(): number;
  /** A call of a connection begins or ends; see `peerName`. */
  onCall(peer: string, begins: boolean): void;
  /** Takes no more connections; resolves when those that are there have ended. */
  close(): Promise<void>;
}

/**
 * Takes the connections of a server and keeps room for new ones: a server that
 * grpc-js binds by itself knows no bound.
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
  // As node:http2 asks of the sockets that it accepts itself.
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
