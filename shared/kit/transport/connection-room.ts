import type { Socket } from 'node:net';
import { watchSilence } from './silence.ts';

export interface ConnectionRoomOptions {
  /** The most connections at once. */
  readonly most: number;
  /** How long a new connection may stay silent, in milliseconds; undefined: its server checks that. */
  readonly firstMs?: number;
  /** Called for each connection that is closed for lack of room. */
  readonly onFull: () => void;
}

/** Names a connection by where it comes from. */
export const peerName = (address = '', port = 0): string => `${address} ${port}`;

/** The connections of a server, with room kept for new ones. */
export interface ConnectionRoom {
  /** Admits a new connection; false: there was no room, and the connection is closed. */
  enter(socket: Socket): boolean;
  /** Something is being done for the connection. Match each call with one of `idle`. */
  busy(socket: Socket): void;
  idle(socket: Socket): void;
}

/**
 * Limits the number of connections, and closes those that stay silent at first. When
 * there is no room, a newcomer replaces the oldest connection that has sent nothing yet,
 * else the one idle for longest, so clients that only hold connections lock nobody out. A
 * newcomer is refused only when all are busy.
 */
export function connectionRoom({ most, firstMs, onFull }: ConnectionRoomOptions): ConnectionRoom {
  const work = new Map<Socket, number>();
  // Each is in the order in which connections entered it.
  const unheard = new Set<Socket>();
  const quiet = new Set<Socket>();

  function displaced(): Socket | undefined {
    for (const socket of unheard) {
      if (socket.bytesRead === 0) return socket;
      unheard.delete(socket);
      quiet.add(socket);
    }
    const [oldest] = quiet;
    return oldest;
  }

  function leave(socket: Socket): void {
    work.delete(socket);
    unheard.delete(socket);
    quiet.delete(socket);
  }

  return {
    enter: (socket) => {
      if (work.size >= most) {
        onFull();
        const other = displaced() ?? socket;
        // A connection that sent nothing waits for no answer that a reset could destroy.
        if (other.bytesRead === 0) other.resetAndDestroy();
        else other.destroy();
        if (other === socket) return false;
        leave(other);
      }
      work.set(socket, 0);
      unheard.add(socket);
      socket.once('close', () => leave(socket));
      if (firstMs !== undefined) expectWords(socket, firstMs);
      return true;
    },
    busy: (socket) => {
      const before = work.get(socket);
      if (before === undefined) return;
      work.set(socket, before + 1);
      unheard.delete(socket);
      quiet.delete(socket);
    },
    idle: (socket) => {
      const before = work.get(socket);
      if (before === undefined) return;
      work.set(socket, before - 1);
      if (before === 1) quiet.add(socket);
    },
  };
}

function expectWords(socket: Socket, withinMs: number): void {
  const first = watchSilence({
    everyMs: Math.ceil(withinMs / 5),
    most: 4,
    onSilent: () => socket.bytesRead === 0 && socket.resetAndDestroy(),
  });
  socket.once('close', first.stop);
}
