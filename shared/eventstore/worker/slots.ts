/** Runs a bounded number of tasks at the same time; the others wait in the order of their calls. */
export interface Slots {
  /** Runs `task` when a slot is free; at once, within this call, if one is. Settles as `task` does. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** The queue has no bound: the caller limits how much it adds. */
export function createSlots(most: number): Slots {
  const queue: (() => void)[] = [];
  let taken = 0;

  function leave(): void {
    const next = queue.shift();
    if (next === undefined) taken--;
    else next();
  }

  return {
    async run(task) {
      if (taken < most) taken++;
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}
