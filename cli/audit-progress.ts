/** Shows the progress of an audit on standard error, so that its output can be piped. */
import type { Progress } from './audit/progress.ts';

const TERMINAL_MS = 100;
const PLAIN_MS = 10_000;
const BAR = 30;

/** Where progress is shown. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/**
 * Shows progress: on a terminal as one line that is overwritten and that `end` removes,
 * elsewhere as a line every ten seconds. `now` is in milliseconds.
 */
export function auditProgress(
  output: ProgressOutput,
  now: () => number = () => performance.now(),
): { readonly told: Progress; readonly end: () => void } {
  const everyMs = output.isTTY ? TERMINAL_MS : PLAIN_MS;
  let shownAt = now();
  return {
    told(book, done, of) {
      if (now() - shownAt < everyMs) return;
      shownAt = now();
      const line = progressLine(book, done, of);
      output.write(output.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    },
    end: () => void (output.isTTY && output.write('\r\x1b[K')),
  };
}

const JSON_MS = 200;

/** The same for programs: five times a second at most, one line of JSON with `book`, `done` and `of`. */
export function auditProgressLines(
  output: Pick<ProgressOutput, 'write'>,
  now: () => number = () => performance.now(),
): { readonly told: Progress; readonly end: () => void } {
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    told(book, done, of) {
      if (now() - shownAt < JSON_MS) return;
      shownAt = now();
      output.write(`${JSON.stringify({ book, done, of })}\n`);
    },
    end: () => undefined,
  };
}

/** `log  [=====     ] 50,000 of 100,000 events`; of a table nobody knows how many rows there are. */
export function progressLine(...[book, done, of]: Parameters<Progress>): string {
  const count = (value: number) => value.toLocaleString('en');
  if (of === undefined || of === 0) return `${book}  ${count(done)} rows`;
  const bar = '='.repeat(Math.floor((BAR * Math.min(done, of)) / of)).padEnd(BAR);
  return `${book}  [${bar}] ${count(done)} of ${count(of)} events`;
}
