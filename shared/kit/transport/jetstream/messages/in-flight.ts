import type { PulledMessage } from './pulled-message.ts';

/** The messages that a consumer holds and has not answered. */
export interface InFlight {
  /** How many there are. */
  readonly size: number;
  /** Aborted by `abortAll`. One for all messages: a signal each costs more than it tells. */
  readonly signal: AbortSignal;
  add(message: PulledMessage): void;
  /** Call it when the message has been answered. */
  remove(message: PulledMessage): void;
  /** Tells the server that messages held for longer than this are being worked on. */
  keepAlive(olderThanMs: number): void;
  /**
   * Resolves with true when there are none, with false after `ms`. One caller waits at a
   * time.
   */
  noneWithin(ms: number): Promise<boolean>;
  abortAll(reason: unknown): void;
}

/** Empty at first. It has no limit of its own: the number of requested messages limits it. */
export function createInFlight(): InFlight {
  /** Since when each is held. */
  const held = new Map<PulledMessage, number>();
  const abort = new AbortController();
  let none: () => void = () => undefined;
  return {
    get size() {
      return held.size;
    },
    signal: abort.signal,
    add: (message) => void held.set(message, performance.now()),
    remove: (message) => {
      held.delete(message);
      if (held.size === 0) none();
    },
    keepAlive: (olderThanMs) => {
      const before = performance.now() - olderThanMs;
      for (const [message, since] of held) if (since < before) message.working();
    },
    noneWithin: (ms) => {
      if (held.size === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), ms);
        none = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
    },
    abortAll: (reason) => abort.abort(reason),
  };
}
