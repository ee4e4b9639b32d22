export interface SilenceOptions {
  readonly everyMs: number;
  /** Ticks without a sound that are still no silence. */
  readonly most: number;
  /** Whether anything is due; while it is not, nothing is counted. Always, unless told. */
  readonly due?: () => boolean;
  /** Called at each tick, with how many went by without a sound before. */
  readonly onTick?: (missed: number) => void;
  /** Called once, after which nothing is watched any more. */
  readonly onSilent: () => void;
}

/** An ear on something that should be heard now and then. */
export interface Silence {
  /** To be called for each sound. Cheap. */
  heard(): void;
  /** May be called twice. */
  stop(): void;
}

/**
 * Notices a silence. It is counted in ticks and not by the clock, and judged only
 * after one more reading of the sockets: when this process was stopped or busy, a
 * single tick runs first, and what came meanwhile still lies there. Keeps no
 * process alive.
 */
export function watchSilence(options: SilenceOptions): Silence {
  const { everyMs, most, due = () => true, onTick, onSilent } = options;
  let missed = 0;
  let watching = true;

  function stop(): void {
    watching = false;
    clearInterval(timer);
  }

  function judge(): void {
    if (!watching || missed <= most) return;
    stop();
    onSilent();
  }

  const timer = setInterval(() => {
    onTick?.(missed);
    missed = due() ? missed + 1 : 0;
    if (missed > most) setImmediate(judge);
  }, everyMs).unref();
  return {
    heard: () => {
      missed = 0;
    },
    stop,
  };
}
