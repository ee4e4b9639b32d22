import { watchSilence } from '../shared/kit/transport/silence.ts';
import { busyMs } from './proc.ts';

/** How long to wait for something that starts. Milliseconds. */
export interface Patience {
  /** It may stand still for so long: neither work, nor wait for a processor, nor say anything new. */
  readonly stillMs: number;
  /** All of it together; default twenty times `stillMs`. */
  readonly longestMs?: number;
  /** What keeps it, in its own words, once it says so: then other words are progress, and lines are none. */
  readonly says?: () => string | undefined;
  /** Called each time another `stillMs` have passed while waiting. */
  readonly onWait?: (waitedMs: number) => void;
}

/** What can be watched: a process that counts the lines it writes. */
export interface Watched {
  readonly pid: number;
  readonly lines: () => number;
}

/** An eye on something that starts. */
export interface Watch {
  /** Aborts when it is given up; the reason is the end of a sentence. */
  readonly signal: AbortSignal;
  /** May be called twice. */
  readonly stop: () => void;
}

const LOOKS = 20;
const LONGEST = 20;

/**
 * What gets on in `stillMs` uses a processor, or waits for one, for this part of it. A
 * service that only waits for another uses a hundredth.
 */
const BUSY = 0.03;

/**
 * Watches a process and its children until it is stopped. On a busy machine a plain time
 * limit would end a process that works as fast as it can, and make the machine busier with
 * the next one: a process gets time as long as it makes progress. While this process itself
 * sleeps, nothing is late.
 */
export function watchProgress(child: Watched, patience: Patience): Watch {
  const { stillMs, longestMs = LONGEST * stillMs, says = () => undefined, onWait } = patience;
  const end = new AbortController();
  const everyMs = Math.max(5, stillMs / LOOKS);
  const words = () => says() ?? `${child.lines()} lines`;
  let [busy, said] = [busyMs(child.pid), words()];
  let looks = 0;

  function look(): void {
    looks += 1;
    const now = busyMs(child.pid);
    // A child that ended took its figures along.
    busy = Math.min(busy, now);
    if (now - busy >= BUSY * stillMs || words() !== said) {
      [busy, said] = [now, words()];
      silence.heard();
    }
    if (looks * everyMs >= longestMs) giveUp(`was not ready within ${seconds(longestMs)}`);
    else if (looks % LOOKS === 0) onWait?.(looks * everyMs);
  }

  function giveUp(why: string): void {
    silence.stop();
    end.abort(why);
  }

  const silence = watchSilence({
    everyMs,
    most: LOOKS,
    onTick: look,
    onSilent: () => giveUp(`is not ready, and made no progress for ${seconds(stillMs)}`),
  });
  return { signal: end.signal, stop: silence.stop };
}

/** `30 s`, `0.1 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}
