/** Two eventstoresvc processes on one log, beside one alone with as many callers. */
import { type Contender, measure } from '../contender.ts';
import { appendTo } from '../contenders/own-store.ts';
import { names } from '../names.ts';
import { closing, rowsOf, type Section } from '../section.ts';
import { type Step, steps } from '../workload.ts';

const CALLERS = 256;

export const twoWriters: Section = {
  title: 'two writers',
  rounds: ({ pace }) => 2 * pace.rounds,
  run: (bench) =>
    closing(async (later) => {
      const { server, plan, say } = bench;
      say('two processes on one log');
      const url = await server.createLog('two_writers');
      const first = await server.startService(url, 'eventstoresvc-1');
      later(first.stop);
      const second = await server.startService(url, 'eventstoresvc-2');
      later(second.stop);
      const one = appendTo(first.connect());
      const two = appendTo(second.connect());
      const durable = (await server.durability(url)).short;
      return rowsOf(
        bench,
        'two writers',
        [
          { contender: spreadOver(names.oneWriter, [one]), durable },
          { contender: spreadOver(names.twoWriters, [one, two]), durable },
        ],
        { ...plan.pace, warmUpMs: Math.max(plan.settleMs, plan.shortPace.warmUpMs) },
        CALLERS,
      );
    }),
};

/** Every second caller goes to the other. */
function spreadOver(
  name: string,
  stores: readonly ((step: Step) => Promise<unknown>)[],
): Contender {
  return {
    name,
    run: (callers, ms) => {
      let next = 0;
      return measure(callers, ms, () => {
        const append = stores[next++ % stores.length];
        const own = steps();
        return async () => append?.(own.next().value);
      });
    },
  };
}
