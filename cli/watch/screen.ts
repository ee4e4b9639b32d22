/** A table that is drawn again and again at the same place of a terminal. */
export interface Screen {
  /** Shows these lines instead of what was there, at most four times a second. */
  show(lines: () => readonly string[]): void;
  /** Gives the terminal back as it was. May be called twice. */
  end(): void;
}

/** What is used of a terminal. */
export interface Terminal {
  write(text: string): unknown;
}

const EVERY_MS = 250;
/** A screen of its own, so that what was there comes back; without a cursor. */
const BEGIN = '\x1b[?1049h\x1b[?25l';
const END = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** Takes the terminal until it ends. */
export function createScreen(terminal: Terminal): Screen {
  let waiting: (() => readonly string[]) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  terminal.write(BEGIN);
  const draw = () => {
    timer = undefined;
    if (waiting === undefined) return;
    const lines = waiting();
    waiting = undefined;
    // Over what is there: clearing first would flicker.
    terminal.write(`${HOME}${lines.join(`${REST_OF_LINE}\n`)}${REST_OF_LINE}${REST_OF_SCREEN}`);
  };
  return {
    show(lines) {
      waiting = lines;
      timer ??= setTimeout(draw, EVERY_MS);
    },
    end() {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      terminal.write(END);
    },
  };
}
