import type { PulledMessage } from './pulled-message.ts';

/** The messages that a consumer holds and has not answered. */
export interface InFlight {
  /** How many there are. */
  readonly size: number;
  /** Adds one; `abortAll` aborts the signal. */
  add(message: PulledMessage): AbortSignal;
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
  const held = new Map<
    PulledMessage,
    { readonly abort: AbortController; readonly since: number }
  >();
  let none: () => void = () => undefined;
  return {
    get size() {
      return held.size;
    },
    add: (message) => {
      const abort = new AbortController();
      held.set(message, { abort, since: performance.now() });
      return abort.signal;
    },
    remove: (message) => {
      held.delete(message);
      if (held.size === 0) none();
    },
    keepAlive: (olderThanMs) => {
      const before = performance.now() - olderThanMs;
      for (const [message, { since }] of held) if (since < before) message.working();
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
    abortAll: (reason) => {
      for (const { abort } of held.values()) abort.abort(reason);
    },
  };
}
