import { styleText } from 'node:util';
import type { Say } from './launch.ts';

const NAME_WIDTH = 16;
const colour = { ready: 'green', note: 'cyan', trouble: 'red', line: 'yellow' } as const;

/** Writes plain lines, `name  text`; the name in colour where a terminal shows it. */
export function terminalSay(stream: NodeJS.WriteStream): Say {
  return (kind, name, text) => {
    // styleText itself leaves colours out for a pipe and under NO_COLOR.
    const shown = styleText(colour[kind], name.padEnd(NAME_WIDTH), { stream });
    stream.write(`${shown}  ${text}\n`);
  };
}

// One Ctrl-C arrives twice: from the terminal and, a moment later, through npm.
const SAME_PRESS_MS = 1_000;

/**
 * A signal that aborts on the first Ctrl-C, SIGTERM or SIGHUP. The second, more
 * than a second later, ends this process at once, and with it every child.
 */
export function interruption(onFirst: () => void): AbortSignal {
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
  return first.signal;
}
