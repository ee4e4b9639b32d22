import type { Socket } from 'node:net';
import { watchSilence } from '../silence.ts';

export interface ConnectionRoomOptions {
  /** Connections at once. */
  readonly most: number;
  /** How long a new connection may say nothing, in milliseconds; none: its server looks itself. */
  readonly firstMs?: number;
  /** Told of each connection that is closed for want of room. */
  readonly onFull: () => void;
}

/** Names a connection by where it comes from. */
export const peerName = (address = '', port = 0): string => `${address} ${port}`;

/** Who is connected to a server, so that there is room for who comes next. */
export interface ConnectionRoom {
  /** Lets a new connection in; false: there was no room, and it is closed. */
  enter(socket: Socket): boolean;
  /** Something is being done for the connection. Each call is matched by one of `idle`. */
  busy(socket: Socket): void;
  idle(socket: Socket): void;
}

/**
 * Keeps as many connections as there is room for, and none that says nothing for
 * long. Where there is no room, a newcomer takes the place of who has said nothing
 * yet, the oldest first, else of who has been idle for longest; so those who only
 * hold connections shut nobody out. It is refused only where all are at work.
 */
export function connectionRoom({ most, firstMs, onFull }: ConnectionRoomOptions): ConnectionRoom {
  const work = new Map<Socket, number>();
  // Both in the order in which they became so.
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
        // What never asked waits for no answer that a reset could take from it.
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
