/** Tells how far a run is. */
export interface Progress {
  /** What begins now. */
  readonly say: (what: string) => void;
  /** One more round is measured. */
  readonly onRound: (name: string) => void;
  /** Removes the bar. May be called twice. */
  readonly end: () => void;
}

const BAR = 30;

/**
 * A bar on a terminal, redrawn with each round; anywhere else a line for each
 * thing that begins.
 */
export function showProgress(of: number, stream: NodeJS.WriteStream): Progress {
  let rounds = 0;
  let what = '';
  const draw = (name = '') => {
    if (!stream.isTTY) return;
    const text = `${bar(rounds, of)} ${what}${name === '' ? '' : `: ${name}`}`;
    stream.write(`\r\x1b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
  };
  return {
    say: (next) => {
      what = next;
      if (!stream.isTTY) stream.write(`${what}\n`);
      draw();
    },
    onRound: (name) => {
      rounds++;
      draw(name);
    },
    end: () => {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}

/** `[=====     ] 17%`. */
export function bar(done: number, of: number): string {
  const share = of === 0 ? 1 : Math.min(1, done / of);
  return `[${'='.repeat(Math.floor(BAR * share)).padEnd(BAR)}] ${Math.floor(100 * share)}%`;
}
