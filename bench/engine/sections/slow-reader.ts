/** A reader alone, and the same one beside readers that take a batch and then do nothing for a while. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStoreClient } from '../../../proto/gen/eventstore.ts';
import type { Contender } from '../contender.ts';
import { rawClient, readFrom } from '../contenders/raw-client.ts';
import { fill } from '../fill.ts';
import { logReader, type Reading } from '../log-reader.ts';
import { names } from '../names.ts';
import { closing, NOTHING_WRITTEN, rowsOf, type Section } from '../section.ts';

const CONTENDERS = 3;
const SLOW_READERS = 4;
const PAUSE_MS = 200;
/** After this the slow ones have what flow control lets them have, and wait. */
const SETTLING_MS = 500;

export const slowReader: Section = {
  title: 'slow reader',
  rounds: ({ shortPace }) => CONTENDERS * shortPace.rounds,
  run: (bench) =>
    closing(async (later) => {
      const { server, plan, signal, say } = bench;
      say('reading beside slow readers');
      const url = await server.createLog('slow_reader');
      await fill(url, plan.readEvents, signal);
      const service = await server.startService(url, 'eventstoresvc-slow');
      later(service.stop);
      const connect = () => {
        const client = rawClient(service.address);
        later(async () => client.close());
        return client;
      };
      const [fast, slow] = [connect(), connect()];
      const reader = (name: string) => logReader(name, plan.readEvents, messagesOf(fast));
      const entry = (contender: Contender) => ({ contender, durable: NOTHING_WRITTEN });
      return rowsOf(
        bench,
        'slow reader',
        [
          entry(reader(names.alone)),
          entry(besideSlow(reader(names.besideSlow), slow)),
          entry(besideSlow(reader(names.sharedWithSlow), fast)),
        ],
        plan.shortPace,
      );
    }),
};

const messagesOf = (client: EventStoreClient): Reading =>
  async function* (after) {
    const call = client.getEventsBatches(readFrom(after));
    call.on('error', () => {});
    try {
      for await (const { events } of call) yield events.length;
    } finally {
      call.cancel();
    }
  };

/** The contender, while slow readers hold the log open. */
function besideSlow({ name, run }: Contender, client: EventStoreClient): Contender {
  return {
    name,
    run: async (callers, ms) => {
      const stop = new AbortController();
      const slow = Array.from({ length: SLOW_READERS }, () => readSlowly(client, stop.signal));
      try {
        await delay(SETTLING_MS);
        return await run(callers, ms);
      } finally {
        stop.abort();
        await Promise.all(slow);
      }
    },
  };
}

/** Until the signal, or to the log's end. */
async function readSlowly(client: EventStoreClient, signal: AbortSignal): Promise<void> {
  for await (const _ of messagesOf(client)(0n)) {
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
}
