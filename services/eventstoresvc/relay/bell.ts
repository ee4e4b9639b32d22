/**
 * A bell for one sleeper: commits ring it and the relay waits for it. A ring while
 * nobody waits is kept, so none is missed; several count as one.
 */
export interface Bell {
  ring(): void;
  /** Resolves on the next ring, at once if a ring was kept, or after `ms` milliseconds. */
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
