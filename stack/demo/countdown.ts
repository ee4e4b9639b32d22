import { duration } from '../../cli/duration.ts';

/**
 * The result of `work`; meanwhile a terminal shows what it waits for and for how
 * much longer. Other outputs get one line.
 */
export async function countdown<T>(
  work: Promise<T>,
  { what, ms, stream }: { what: string; ms: number; stream: NodeJS.WriteStream },
): Promise<T> {
  const end = performance.now() + ms;
  const line = () => {
    const left = end - performance.now();
    return `waiting for ${what}: ${left > 0 ? `${duration(left)} to go` : 'any moment now'}`;
  };
  if (!stream.isTTY) {
    stream.write(`\n${line()}\n`);
    return work;
  }
  const show = () => stream.write(`\r\x1b[K${line()}`);
  stream.write('\n');
  show();
  const timer = setInterval(show, 1_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    // The story takes the line's place.
    stream.write('\r\x1b[K\x1b[1A');
  }
}
