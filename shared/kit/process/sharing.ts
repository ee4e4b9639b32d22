import type { Component } from './lifecycle.ts';

/** What several services of one process have in common, such as a connection. */
export interface Sharing {
  /**
   * The component of that key, made for the first who asks. Each holds it as its own: it
   * starts with the first who starts it, and stops with the last of them who stops it.
   */
  of<T extends Component>(key: string, make: () => T): T;
}

/** Each has its own. */
export const notShared: Sharing = { of: (_key, make) => make() };

interface Shared {
  readonly component: Component;
  started: Promise<void> | undefined;
  users: number;
}

/** For one process. Two who ask for a key must mean the same by it, all settings included. */
export function createSharing(): Sharing {
  const all = new Map<string, Shared>();
  return {
    of<T extends Component>(key: string, make: () => T): T {
      const shared = all.get(key) ?? { component: make(), started: undefined, users: 0 };
      all.set(key, shared);
      const component = shared.component as T;
      return {
        ...component,
        start: async () => {
          shared.users++;
          shared.started ??= component.start?.() ?? Promise.resolve();
          await shared.started;
        },
        stop: async () => {
          shared.users--;
          if (shared.users === 0) await component.stop?.();
        },
      };
    },
  };
}
