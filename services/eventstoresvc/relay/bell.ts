/**
 * A bell for one sleeper: whoever commits rings it, the relay sleeps on it. A
 * ring while nobody sleeps is kept, so that none is missed; more than one is
 * as good as one.
 */
export interface Bell {
  ring(): void;
  /** Resolves on the next ring, at once if one was kept, or after `ms` milliseconds. */
  wait(ms: number): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  return {
    ring: () => {
      if (wakeUp) wakeUp();
      else rung = true;
    },
    wait: (ms) =>
      new Promise((resolve) => {
        if (rung) {
          rung = false;
          return resolve();
        }
        const done = () => {
          clearTimeout(timer);
          wakeUp = undefined;
          resolve();
        };
        const timer = setTimeout(done, ms);
        wakeUp = done;
      }),
  };
}
