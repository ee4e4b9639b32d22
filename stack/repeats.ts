/** Lines on their way to the terminal, each said once. */
export interface Repeats {
  readonly line: (text: string) => void;
  /** Tells what is still to be told; called when nothing more comes. May be called twice. */
  readonly end: () => void;
}

export interface RepeatsOptions {
  /** Between two words about the same line, in milliseconds. */
  readonly everyMs?: number;
  /** Different lines that are remembered. */
  readonly most?: number;
}

/**
 * Shows a line at once, and equal ones that follow as a count every ten seconds: an
 * outage has every request say the same, many times a second, and what matters would
 * be gone from the screen. A line that was not repeated for so long is shown again.
 * Lines stay what they are in the log files.
 */
export function withoutRepeats(
  show: (text: string) => void,
  { everyMs = 10_000, most = 100 }: RepeatsOptions = {},
): Repeats {
  const said = new Map<string, { more: number; readonly timer: NodeJS.Timeout }>();

  function tell(text: string): boolean {
    const entry = said.get(text);
    if (entry === undefined || entry.more === 0) return false;
    show(`${text} … said ${entry.more} more ${entry.more === 1 ? 'time' : 'times'}`);
    entry.more = 0;
    return true;
  }

  function forget(text: string): void {
    tell(text);
    clearTimeout(said.get(text)?.timer);
    said.delete(text);
  }

  return {
    line(text) {
      const entry = said.get(text);
      if (entry !== undefined) {
        entry.more++;
        return;
      }
      const [oldest] = said.keys();
      if (said.size >= most && oldest !== undefined) forget(oldest);
      const timer = setInterval(() => tell(text) || forget(text), everyMs);
      said.set(text, { more: 0, timer: timer.unref() });
      show(text);
    },
    end() {
      for (const text of [...said.keys()]) forget(text);
    },
  };
}
