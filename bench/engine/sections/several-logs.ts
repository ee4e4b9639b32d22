/**
 * Appends to one, two and four logs in one eventstoresvc: with the database beside it, and
 * far from it, where one log is the limit, because a log has two batches on their way at most.
 */

import { faultyWire } from '../../../stack/faulty-wire.ts';
import { LOOPBACK } from '../../../stack/ports.ts';
import { type Contender, measure } from '../contender.ts';
import { appendTo } from '../contenders/own-store.ts';
import type { ServiceProcess } from '../contenders/service-process.ts';
import { names } from '../names.ts';
import type { SectionName } from '../report.ts';
import { type Bench, closing, rowsOf, type Section } from '../section.ts';
import { steps } from '../workload.ts';

const STREAMS = ['ORDERS-0', 'ORDERS-1', 'ORDERS-2', 'ORDERS-3'];

/** More than a log's two batches of 512 events have room for, so that callers wait for the log. */
const CALLERS = 2_048;

/** Each way, in milliseconds. */
const FAR_MS = 50;

export const severalLogs: Section = {
  title: 'several logs',
  rounds: ({ pace }) => 6 * pace.rounds,
  run: async (bench) => [
    ...(await rowsAt(bench, 'several logs', 0)),
    ...(await rowsAt(bench, 'several logs, far database', FAR_MS)),
  ],
};

const rowsAt = (bench: Bench, section: SectionName, delayMs: number) =>
  closing(async (later) => {
    const { server, plan, say } = bench;
    say(delayMs === 0 ? 'several logs' : 'several logs, with a far database');
    const url = await server.createLog(`several_logs_${delayMs}`);
    const wire = await faultyWire({ target: { port: Number(new URL(url).port) } });
    later(wire.stop);
    const address = new URL(url);
    address.host = `${LOOPBACK}:${wire.port}`;
    const service = await server.startService(address.href, `eventstoresvc-${delayMs}`, STREAMS);
    later(service.stop);
    wire.delay(delayMs);
    const durable = (await server.durability(url)).short;
    return rowsOf(
      bench,
      section,
      [names.oneLog, names.twoLogs, names.fourLogs].map((name, index) => ({
        contender: spreadOver(name, service, STREAMS.slice(0, 2 ** index)),
        durable,
      })),
      { ...plan.pace, warmUpMs: Math.max(plan.settleMs, plan.shortPace.warmUpMs) },
      CALLERS,
    );
  });

/** Each caller keeps to one log, as all orders of a restaurant would. */
function spreadOver(name: string, service: ServiceProcess, streams: readonly string[]): Contender {
  const logs = streams.map((stream) => ({ stream, append: appendTo(service.connect(stream)) }));
  return {
    name,
    run: (callers, ms) => {
      let next = 0;
      return measure(callers, ms, () => {
        const log = logs[next++ % logs.length];
        const own = steps(log?.stream);
        return async () => log?.append(own.next().value);
      });
    },
  };
}
