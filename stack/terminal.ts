import { styleText } from 'node:util';
import { shownLines } from '../shared/kit/shown.ts';
import type { Say } from './launch.ts';
import { hasTerminal } from './proc.ts';

const NAME_WIDTH = 16;
const colour = { ready: 'green', note: 'cyan', trouble: 'red', line: 'yellow' } as const;

/**
 * Writes plain lines, `name  text`; the name in colour where a terminal shows it. What a
 * stranger put into a text, as into a line of a service, does not steer the terminal.
 */
export function terminalSay(stream: NodeJS.WriteStream): Say {
  return (kind, name, text) => {
    // styleText itself leaves colours out for a pipe and under NO_COLOR.
    const painted = styleText(colour[kind], name.padEnd(NAME_WIDTH), { stream });
    stream.write(`${painted}  ${shownLines(text)}\n`);
  };
}

// One Ctrl-C arrives twice: from the terminal and, a moment later, through npm.
const SAME_PRESS_MS = 1_000;

const LOOK_MS = 500;

/**
 * A signal that aborts on the first Ctrl-C, SIGTERM or SIGHUP. The second, more
 * than a second later, ends this process at once, and with it every child. With a
 * `parent` it aborts also when that is no longer the process that started this one:
 * a SIGKILL to it tells nobody. Likewise when the terminal has closed: the system tells
 * only the first process of its session, and `make`, when it is that, then waits for us.
 */
export function interruption(onFirst: () => void, parent?: number): AbortSignal {
  const first = new AbortController();
  let firstAt: number | undefined;
  const interrupt = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      onFirst();
      first.abort();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const onTerminal = hasTerminal(process.pid);
  const alone = () =>
    (parent !== undefined && process.ppid !== parent) || (onTerminal && !hasTerminal(process.pid));
  if (parent !== undefined || onTerminal) {
    const look = setInterval(() => {
      if (!alone()) return;
      clearInterval(look);
      if (firstAt === undefined) interrupt();
    }, LOOK_MS);
    look.unref();
  }
  return first.signal;
}

/** A terminal that was closed, or a pipe that nobody reads, must not end us out of order. */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
