/** How far a run is. */
export interface Standing {
  readonly of: number;
  readonly answered: number;
  readonly ended: number;
}

const BAR = 30;
const TERMINAL_MS = 100;
const PLAIN_MS = 5_000;

/**
 * Shows how far the run is until the returned function is called: a bar on a
 * terminal, which it removes, and a line every five seconds anywhere else.
 */
export function showProgress(standing: () => Standing, stream: NodeJS.WriteStream): () => void {
  const show = stream.isTTY
    ? () => stream.write(`\r\x1b[K${bar(standing())} ${line(standing())}`)
    : () => stream.write(`${line(standing())}\n`);
  const timer = setInterval(show, stream.isTTY ? TERMINAL_MS : PLAIN_MS);
  return () => {
    clearInterval(timer);
    if (stream.isTTY) stream.write('\r\x1b[K');
  };
}

/** `====----    `: ended, answered and still to come. */
export function bar({ of, answered, ended }: Standing): string {
  const width = (count: number) => Math.floor((BAR * Math.min(count, of)) / of);
  const done = width(ended);
  return `[${'='.repeat(done)}${'-'.repeat(width(answered) - done).padEnd(BAR - done)}]`;
}

const line = ({ of, answered, ended }: Standing): string =>
  `${answered} of ${of} orders answered, ${ended} ended`;
