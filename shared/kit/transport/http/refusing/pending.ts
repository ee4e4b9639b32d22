import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The answers that each connection waits for: a caller may send a request before it has
 * the previous answer.
 */
export interface PendingAnswers {
  /** Call it for every answer, before it starts. */
  add(response: ServerResponse): void;
  /** How many answers the connection waits for. */
  count(socket: Duplex): number;
  /** The answer to a request that has not fully arrived; undefined if all have. */
  unread(socket: Duplex): ServerResponse | undefined;
  /** Resolves when every answer but `except` is written, or never will be. */
  due(socket: Duplex, except?: ServerResponse): Promise<void>;
}

export function pendingAnswers(): PendingAnswers {
  // Added and removed one by one: a client that sends thousands must not make each one slower.
  const waiting = new WeakMap<Duplex, Set<ServerResponse>>();
  /** The last one stays even when written: its request may still be arriving. */
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
      // `events.once` would reject for an answer that fails.
      await Promise.all(
        due.map((one) => new Promise<void>((resolve) => one.once('close', () => resolve()))),
      );
    },
  };
}
