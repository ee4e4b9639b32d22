import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers that each connection waits for: a caller may ask again before it has the first. */
export interface PendingAnswers {
  /** To be told of every answer, before it is begun. */
  add(response: ServerResponse): void;
  /** The answer to the request of which a part has not arrived yet; undefined where all are whole. */
  unread(socket: Duplex): ServerResponse | undefined;
  /** Resolves when every answer but `except` is written, or will never be. */
  due(socket: Duplex, except?: ServerResponse): Promise<void>;
}

export function pendingAnswers(): PendingAnswers {
  const bySocket = new WeakMap<Duplex, readonly ServerResponse[]>();
  const of = (socket: Duplex) => bySocket.get(socket) ?? [];
  return {
    add: (response) => {
      const { socket } = response.req;
      // The last one is kept although it is written: its request may still be arriving.
      bySocket.set(socket, [...of(socket).filter((one) => !one.writableFinished), response]);
    },
    unread: (socket) => {
      const last = of(socket).at(-1);
      return last?.req.complete === false ? last : undefined;
    },
    due: async (socket, except) => {
      const due = of(socket).filter((one) => one !== except && !one.writableFinished);
      await Promise.all(due.map((one) => once(one, 'close')));
    },
  };
}
