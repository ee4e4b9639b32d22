/** Runs tasks of different keys at the same time, and those of one key one after the other. */
export interface KeyLanes {
  /**
   * Runs `task` when all earlier tasks of `key` have ended, however they ended; at once,
   * within this call, if there are none. Settles as `task` does. The queue has no limit:
   * the caller limits how much it adds.
   */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** Keys that have a task running. */
  readonly size: number;
}

/** No lanes at first; a lane lives from its first task to its last. */
export function createKeyLanes(): KeyLanes {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const ahead = tails.get(key);
      const mine = ahead === undefined ? task() : ahead.then(task, task);
      tails.set(key, mine);
      const leave = () => {
        if (tails.get(key) === mine) tails.delete(key);
      };
      mine.then(leave, leave);
      return mine;
    },
    get size() {
      return tails.size;
    },
  };
}
