/** Appends: ours in process and over gRPC, Emmett's, and what the table itself takes. */
import { appender, type Contender } from '../contender.ts';
import { openEmmett } from '../contenders/emmett.ts';
import { appendTo, openOwnStore } from '../contenders/own-store.ts';
import { openPlainInserts } from '../contenders/plain-inserts.ts';
import { createEvent, rawClient } from '../contenders/raw-client.ts';
import { names } from '../names.ts';
import type { Row } from '../report.ts';
import { type Bench, closing, type Entry, rowsOf, type Section } from '../section.ts';

const CONTENDERS = 6;
const SETTLING_CALLERS = 16;
const databases = {
  own: 'in_process',
  grpc: 'over_grpc',
  emmett: 'emmett',
  plain: 'plain',
} as const;

export const append: Section = {
  title: 'append',
  rounds: ({ callers, pace }) => callers.length * CONTENDERS * pace.rounds,
  run: (bench) =>
    closing(async (later) => {
      const entries = await contenders(bench, later);
      await settle(bench, entries);
      const rows: Row[] = [];
      for (const callers of bench.plan.callers) {
        await bench.server.checkpoint();
        bench.say(`append, ${callers} at once`);
        rows.push(...(await rowsOf(bench, 'append', entries, bench.plan.pace, callers)));
      }
      return rows;
    }),
};

/**
 * Lets every process be compiled, and gives every table some rows and the planner its
 * statistics, as they are a minute later; else that would come in the middle of rounds.
 */
async function settle(bench: Bench, entries: readonly Entry[]): Promise<void> {
  const { server, plan, say } = bench;
  for (const { contender } of entries) {
    say(`append, settling: ${contender.name}`);
    await contender.run(1, plan.settleMs);
  }
  // However many callers, multi-row inserts write twenty times what the others do.
  await server.admin(server.addressOf(databases.plain), 'truncate events');
  for (const { contender } of entries) await contender.run(SETTLING_CALLERS, plan.pace.warmUpMs);
  for (const name of Object.values(databases)) {
    await server.admin(server.addressOf(name), 'vacuum analyze');
  }
}

/** Each on a database of its own, so that the logs grow with those who write them. */
async function contenders(
  { server }: Bench,
  later: (close: () => Promise<unknown>) => void,
): Promise<Entry[]> {
  const entry = async (contender: Contender, url: string): Promise<Entry> => ({
    contender,
    durable: (await server.durability(url)).short,
  });

  const ownUrl = await server.createLog(databases.own);
  const own = openOwnStore(ownUrl);
  later(own.close);

  const grpcUrl = await server.createLog(databases.grpc);
  const service = await server.startService(grpcUrl, 'eventstoresvc');
  later(service.stop);
  const raw = rawClient(service.address);
  later(async () => raw.close());

  const emmettUrl = await server.createDatabase(databases.emmett);
  const emmett = await openEmmett(emmettUrl);
  later(emmett.close);

  const plainUrl = await server.createLog(databases.plain);
  const plain = openPlainInserts(plainUrl);
  later(plain.close);

  return [
    await entry(appender(names.inProcess, appendTo(own.store)), ownUrl),
    await entry(
      appender(names.unary, (step) => createEvent(raw, step)),
      grpcUrl,
    ),
    await entry(appender(names.stream, appendTo(service.connect())), grpcUrl),
    await entry(appender(names.emmett, emmett.append), emmettUrl),
    await entry(plain.singleRows, plainUrl),
    await entry(plain.multiRows, plainUrl),
  ];
}
