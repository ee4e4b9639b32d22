import type { ChaosOptions } from './options.ts';
import type { Progress } from './run.ts';

const TERMINAL_MS = 200;
const PLAIN_MS = 10_000;

/**
 * Tells how far a run is: each fault in a line of its own, and below them, on a terminal
 * always and elsewhere every ten seconds, how many orders were placed.
 */
export function showProgress(
  { orders, seed }: ChaosOptions,
  stream: NodeJS.WriteStream,
): Progress & { readonly end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const clear = stream.isTTY ? '\r\x1b[K' : '';
  const line = (text: string) => stream.write(`${clear}${text}\n`);
  line(`seed ${seed}; starting the stack`);
  return {
    // The services complain about the faults; their logs have that.
    say: (kind, name, text) => {
      if (kind === 'note') line(`${name}: ${text}`);
    },
    onFault: (name) => line(`${name} …`),
    onFaultOver: ({ beganAt, overAt, readyAt, restarted, failed }) => {
      const took = `${((overAt - beganAt) / 1_000).toFixed(1)} s`;
      const ready = readyAt === undefined ? '' : `, ready ${Math.round(readyAt - overAt)} ms later`;
      line(
        `  over after ${took}${ready}${[failed ?? [], restarted]
          .flat()
          .map((text) => `; ${text}`)
          .join('')}`,
      );
    },
    onOrders: (standing) => {
      const show = () => {
        const { sent, done } = standing();
        const text = `${sent} of ${orders} orders placed, ${done} done with`;
        stream.write(stream.isTTY ? `${clear}${text}` : `${text}\n`);
      };
      timer = setInterval(show, stream.isTTY ? TERMINAL_MS : PLAIN_MS);
    },
    onSettling: () => line('waiting for every order to end'),
    end: () => {
      clearInterval(timer);
      stream.write(clear);
    },
  };
}
