/** What happens to the bytes of one direction, over all connections of a wire. */
export type Mode =
  | { readonly kind: 'pass' | 'swallow' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** `one`: only the connection that carries the last of these bytes is held. */
  | {
      readonly kind: 'stall';
      readonly afterBytes: number;
      readonly forMs?: number | undefined;
      readonly one?: boolean | undefined;
    }
  | { readonly kind: 'hold'; readonly only?: object };

/** The condition of one direction. It may change at any time; waiting lanes then check again. */
export interface Condition {
  readonly mode: Mode;
  /** Resolves once the direction holds, or once another mode took the place of this one. */
  readonly set: (mode: Mode) => Promise<void>;
  /**
   * Resolves with how many of the next `size` bytes of `lane` may go now: at least one,
   * or 0 where `size` is 0, which asks for the end of the lane. Waits as long as the mode
   * says. `arrived` is when they came, by performance.now().
   */
  readonly admit: (lane: object, size: number, arrived: number) => Promise<number>;
  /** Ends the wait of a lane whose connection is gone. */
  readonly leave: (lane: object) => void;
}

// A throttled direction sends in pieces of so many milliseconds.
const PIECE_MS = 50;

export function condition(): Condition {
  let mode: Mode = { kind: 'pass' };
  let left = 0;
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let reached = () => {};
  const waiting = new Map<object, () => void>();
  const gone = new WeakSet<object>();

  function become(next: Mode): void {
    clearTimeout(timer);
    mode = next;
    for (const wake of [...waiting.values()]) wake();
  }

  function hold(lane: object, { one, forMs }: Extract<Mode, { kind: 'stall' }>): void {
    become({ kind: 'hold', ...(one && { only: lane }) });
    if (forMs !== undefined) timer = setTimeout(() => become({ kind: 'pass' }), forMs);
    reached();
  }

  const wait = (lane: object, ms?: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(patience);
        waiting.delete(lane);
        resolve();
      };
      const patience = ms === undefined ? undefined : setTimeout(wake, ms);
      waiting.set(lane, wake);
    });

  return {
    get mode() {
      return mode;
    },
    set(next) {
      reached();
      const holds = new Promise<void>((resolve) => {
        reached = resolve;
      });
      left = next.kind === 'stall' ? next.afterBytes : 0;
      freeAt = 0;
      become(next);
      if (next.kind !== 'stall') reached();
      // Nothing may go, so there is no wait.
      else if (left === 0 && next.one !== true) hold(waiting, next);
      return holds;
    },
    async admit(lane, size, arrived) {
      while (!gone.has(lane)) {
        const now = performance.now();
        if (mode.kind === 'hold' && (mode.only ?? lane) === lane) {
          await wait(lane);
        } else if (mode.kind === 'delay' && now < arrived + mode.ms) {
          await wait(lane, arrived + mode.ms - now);
        } else if (mode.kind === 'throttle' && now < freeAt) {
          await wait(lane, freeAt - now);
        } else if (mode.kind === 'throttle' && size > 0) {
          const { bytesPerSecond } = mode;
          const piece = Math.min(size, Math.ceil((bytesPerSecond * PIECE_MS) / 1_000));
          freeAt = now + (piece / bytesPerSecond) * 1_000;
          return piece;
        } else if (mode.kind === 'stall' && size > 0) {
          const piece = Math.min(size, left);
          left -= piece;
          if (left === 0) hold(lane, mode);
          if (piece > 0) return piece;
        } else {
          return size;
        }
      }
      return size;
    },
    leave(lane) {
      gone.add(lane);
      waiting.get(lane)?.();
    },
  };
}
