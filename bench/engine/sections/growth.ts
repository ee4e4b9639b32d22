/** The same work on logs that hold ten times, a hundred times as much: in process, 64 callers. */
import { count } from '../../figures/text.ts';
import { appender, type Contender } from '../contender.ts';
import { appendTo, openOwnStore } from '../contenders/own-store.ts';

import { cutBack, fill } from '../fill.ts';
import { logReader } from '../log-reader.ts';
import { names } from '../names.ts';
import type { Plan } from '../plan.ts';
import { type Bench, closing, NOTHING_WRITTEN, rowsOf, type Section } from '../section.ts';
import { aggregateReader, batchesOf } from './reads.ts';

const CALLERS = 64;
const KINDS = 3;

export const growth: Section = {
  title: 'growth',
  rounds: ({ sizes, shortPace }: Plan) => KINDS * sizes.length * shortPace.rounds,
  run: async (bench) => {
    const { server, plan, signal, say } = bench;
    for (const events of plan.sizes) {
      say(`filling a log with ${count(events)} events`);
      await fill(await server.createLog(logName(events)), events, signal);
    }
    return [...(await readRows(bench)), ...(await appendRows(bench))];
  },
};

const logName = (events: number) => `stored_${events}`;

const readRows = (bench: Bench) =>
  closing(async (later) => {
    const { server, plan, say } = bench;
    const stores = plan.sizes.map((stored) => {
      const own = openOwnStore(server.addressOf(logName(stored)));
      later(own.close);
      return { stored, store: own.store };
    });
    say('reading logs of growing size');
    const aggregates = await rowsOf(
      bench,
      'growth: read one aggregate',
      stores.map(({ stored, store }) => ({
        contender: aggregateReader(names.inProcess, store, stored),
        durable: NOTHING_WRITTEN,
        stored,
      })),
      plan.shortPace,
    );
    const log = await rowsOf(
      bench,
      'growth: read the log',
      stores.map(({ stored, store }) => ({
        contender: logReader(names.inProcess, stored, batchesOf(store), PASS),
        durable: NOTHING_WRITTEN,
        stored,
      })),
      plan.shortPace,
    );
    return [...aggregates, ...log];
  });

/** Half of the smallest log, so that each reading is equally long. */
const PASS = 5_000;

const appendRows = (bench: Bench) =>
  closing(async (later) => {
    const { server, plan, say } = bench;
    const entries = await Promise.all(
      plan.sizes.map(async (stored) => {
        const url = server.addressOf(logName(stored));
        let own = openOwnStore(url);
        let append = appendTo(own.store);
        later(() => own.close());
        const contender = backToSize(
          appender(names.inProcess, (step) => append(step)),
          async () => {
            // A store whose log was cut back behind it takes no event any more.
            await own.close();
            await cutBack(url, stored);
            own = openOwnStore(url);
            append = appendTo(own.store);
          },
        );
        return { contender, durable: (await server.durability(url)).short, stored };
      }),
    );
    say('appending to logs of growing size');
    return rowsOf(bench, 'growth: append', entries, plan.shortPace, CALLERS);
  });

/** Each round begins with as many events as the log is named for; a second's appends would make ten times as many of the smallest. */
const backToSize = ({ name, run }: Contender, cut: () => Promise<void>): Contender => ({
  name,
  run: async (callers, ms) => {
    const sample = await run(callers, ms);
    await cut();
    return sample;
  },
});
