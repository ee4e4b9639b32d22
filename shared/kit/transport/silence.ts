export interface SilenceOptions {
  readonly everyMs: number;
  /** How many ticks may pass without a sound. */
  readonly most: number;
  /** Whether a sound is due; ticks count only while one is. Default: always. */
  readonly due?: () => boolean;
  /** Called at each tick with the number of silent ticks before it. */
  readonly onTick?: (missed: number) => void;
  /** Called once; the watch then ends. */
  readonly onSilent: () => void;
}

/** Watches something that should be heard now and then. */
export interface Silence {
  /** Call it for each sound. Cheap. */
  heard(): void;
  /** May be called twice. */
  stop(): void;
}

/**
 * Notices a silence. It counts ticks rather than time, and decides only after the sockets
 * have been read once more: if this process was stopped or busy, a single tick runs
 * first, and what arrived meanwhile is still unread. Does not keep the process alive.
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
