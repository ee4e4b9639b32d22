import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers that each connection waits for: a caller may ask again before it has the first. */
export interface PendingAnswers {
  /** To be told of every answer, before it is begun. */
  add(response: ServerResponse): void;
  /** How many answers the connection waits for. */
  count(socket: Duplex): number;
  /** The answer to the request of which a part has not arrived yet; undefined where all are whole. */
  unread(socket: Duplex): ServerResponse | undefined;
  /** Resolves when every answer but `except` is written, or will never be. */
  due(socket: Duplex, except?: ServerResponse): Promise<void>;
}

export function pendingAnswers(): PendingAnswers {
  // Counted and forgotten one by one: who sends thousands at once must not make each dearer.
  const waiting = new WeakMap<Duplex, Set<ServerResponse>>();
  /** The last one is kept although it is written: its request may still be arriving. */
  const last = new WeakMap<Duplex, ServerResponse>();
  return {
    add: (response) => {
      const { socket } = response.req;
      const due = waiting.get(socket) ?? new Set();
      waiting.set(socket, due.add(response));
      last.set(socket, response);
      response.once('close', () => due.delete(response));
    },
    count: (socket) => waiting.get(socket)?.size ?? 0,
    unread: (socket) => {
      const newest = last.get(socket);
      return newest?.req.complete === false ? newest : undefined;
    },
    due: async (socket, except) => {
      const due = [...(waiting.get(socket) ?? [])].filter(
        (one) => one !== except && !one.writableFinished,
      );
      // By `events.once` an answer that fails would reject.
      await Promise.all(
        due.map((one) => new Promise<void>((resolve) => one.once('close', () => resolve()))),
      );
    },
  };
}
