/**
 * Progress of something slow: a bar on a terminal, elsewhere a plain line now and then. It
 * goes to standard error, so that a program can read the command's output.
 */
export interface Progress {
  /** `done` of `total` things called `what`; without a total only the number done. */
  report(what: string, done: number, total?: number): void;
  /** Removes the bar, or ends its line. May be called twice. */
  end(): void;
}

export interface ProgressOptions {
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

const WIDTH = 30;
/** Milliseconds between two updates: often enough for an eye, rarely enough for a log. */
const EVERY_MS = { terminal: 100, lines: 2_000 };
const CLEAR = '\r\x1b[2K';

/** On standard error. */
export const terminalProgress = (): Progress =>
  createProgress({
    isTerminal: process.stderr.isTTY === true,
    write: (text) => void process.stderr.write(text),
  });

export function createProgress({
  isTerminal,
  write,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  let lastWhat: string | undefined;
  let lastDrawn = Number.NEGATIVE_INFINITY;
  let begunAt = 0;
  let begunWith = 0;
  let drawn = false;
  return {
    report(what, done, total) {
      const time = now();
      if (what !== lastWhat) {
        begunAt = time;
        begunWith = done;
        lastDrawn = Number.NEGATIVE_INFINITY;
      }
      lastWhat = what;
      const complete = total !== undefined && done >= total;
      if (!complete && time - lastDrawn < (isTerminal ? EVERY_MS.terminal : EVERY_MS.lines)) return;
      lastDrawn = time;
      const seconds = (time - begunAt) / 1_000;
      const rate = seconds > 0.5 ? Math.round((done - begunWith) / seconds) : undefined;
      const text = line(what, done, total, rate);
      write(isTerminal ? `${CLEAR}${bar(done, total)}${text}` : `${text}\n`);
      drawn = isTerminal;
    },
    end() {
      if (drawn) write(CLEAR);
      drawn = false;
    },
  };
}

const grouped = (n: number): string => n.toLocaleString('en-US');

function line(
  what: string,
  done: number,
  total: number | undefined,
  rate: number | undefined,
): string {
  const of = total === undefined ? '' : ` of ${grouped(total)}`;
  const speed = rate === undefined || rate <= 0 ? '' : `, ${grouped(rate)} a second`;
  const left =
    total !== undefined && rate !== undefined && rate > 0 && done < total
      ? `, ${Math.ceil((total - done) / rate)} s left`
      : '';
  return `${what}: ${grouped(done)}${of}${speed}${left}`;
}

function bar(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return '';
  const share = Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${Math.floor(share * 100)}% `;
}
