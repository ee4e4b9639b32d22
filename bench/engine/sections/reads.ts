/** Reads: one aggregate, and the log as fast as it comes, between processes and beside their peers. */

import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import type { EventStoreClient } from '../../../proto/gen/eventstore.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { type Contender, measure } from '../contender.ts';
import { type Emmett, openEmmett } from '../contenders/emmett.ts';
import { openOwnStore } from '../contenders/own-store.ts';
import { rawClient, readFrom } from '../contenders/raw-client.ts';
import { anyAggregate, fill } from '../fill.ts';
import { logReader, type Reading } from '../log-reader.ts';
import { names } from '../names.ts';
import { closing, NOTHING_WRITTEN, rowsOf, type Section } from '../section.ts';
import { AGGREGATE_TYPE, EVENTS_PER_AGGREGATE, lifeOf } from '../workload.ts';

const AGGREGATE_CONTENDERS = 3;
const LOG_CONTENDERS = 6;
/** The most that GetEvents gives at once. */
const PAGE = 1_000;
/** What Emmett is given to read: it has no faster way in than appending. */
const EMMETT_AGGREGATES = 2_000;

export const reads: Section = {
  title: 'read',
  rounds: ({ shortPace }) => (AGGREGATE_CONTENDERS + LOG_CONTENDERS) * shortPace.rounds,
  run: (bench) =>
    closing(async (later) => {
      const { server, plan, signal, say } = bench;
      const events = plan.readEvents;
      say(`filling a log with ${events} events`);
      const url = await server.createLog('read');
      await fill(url, events, signal);
      const own = openOwnStore(url);
      later(own.close);
      const service = await server.startService(url, 'eventstoresvc-read');
      later(service.stop);
      const store = service.connect();
      const raw = rawClient(service.address);
      later(async () => raw.close());
      const sql = postgres(url, { max: 1 });
      later(() => sql.end({ timeout: 5 }));
      const emmett = await openEmmett(await server.createDatabase('emmett_read'));
      later(emmett.close);
      const emmettIds = await fillEmmett(emmett);
      const emmettEvents = emmettIds.length * EVENTS_PER_AGGREGATE;

      const reading = (contender: Contender) => ({ contender, durable: NOTHING_WRITTEN });
      say('reading one aggregate');
      const aggregates = await rowsOf(
        bench,
        'read one aggregate',
        [
          reading(aggregateReader(names.inProcess, own.store, events)),
          reading(aggregateReader(names.overGrpc, store, events)),
          reading(
            readerOf(names.emmett, () =>
              emmett.readAggregate(emmettIds[Math.floor(Math.random() * emmettIds.length)] ?? ''),
            ),
          ),
        ],
        plan.shortPace,
        1,
      );
      say('reading the log');
      const log = await rowsOf(
        bench,
        'read the log',
        [
          reading(logReader(names.inProcess, events, batchesOf(own.store))),
          reading(logReader(names.batches, events, batchesOf(store))),
          reading(logReader(names.eventStream, events, eventStream(raw))),
          reading(logReader(names.pages, events, pagesOf(store))),
          reading(logReader(names.sqlPages, events, plainPages(sql))),
          reading(logReader(names.emmett, emmettEvents, emmettPages(emmett))),
        ],
        plan.shortPace,
      );
      return [...aggregates, ...log];
    }),
};

const ctx = background();

function readerOf(name: string, read: () => Promise<number>): Contender {
  const work = async () => {
    const found = await read();
    if (found !== EVENTS_PER_AGGREGATE) throw new Error(`${name} found ${found} events.`);
  };
  return { name, run: (callers, ms) => measure(callers, ms, () => work) };
}

/** Reads any of the aggregates of a filled log, all their three events. */
export const aggregateReader = (name: string, store: EventStore, events: number): Contender =>
  readerOf(name, async () => {
    const found = await store.readAggregate(ctx, {
      aggregateType: AGGREGATE_TYPE,
      aggregateId: anyAggregate(events),
    });
    return found.length;
  });

/** As followers and projections read: many events a message. */
export const batchesOf = (store: EventStore): Reading =>
  async function* (afterPosition) {
    for await (const batch of await store.batches(ctx, { afterPosition })) yield batch.length;
  };

const pagesOf = (store: EventStore): Reading =>
  async function* (from) {
    for (let after: bigint | undefined = from; after !== undefined; ) {
      const page = await store.read(ctx, { afterPosition: after, limit: PAGE });
      yield page.events.length;
      after = page.nextPosition;
    }
  };

const eventStream = (client: EventStoreClient): Reading =>
  async function* (after) {
    const call = client.getEventsStream(readFrom(after));
    call.on('error', () => {});
    try {
      for await (const _ of call) yield 1;
    } finally {
      call.cancel();
    }
  };

/** The rows alone, as fast as the SQL client gives them. */
const plainPages = (sql: postgres.Sql): Reading =>
  async function* (from) {
    for (let after = from; ; after += BigInt(PAGE)) {
      const rows = await sql`
        select stream, position, event_id, event_type, aggregate_type, aggregate_id, version,
               event_data, metadata, created_at
        from events
        where stream = 'ORDERS' and position > ${String(after)}::int8
        order by position limit ${PAGE}::int8`;
      yield rows.length;
      if (rows.length < PAGE) return;
    }
  };

const emmettPages = (emmett: Emmett): Reading =>
  async function* (from) {
    for (let after = from; ; ) {
      const { count, last } = await emmett.readPage(after, PAGE);
      yield count;
      if (count < PAGE) return;
      after = last;
    }
  };

async function fillEmmett(emmett: Emmett): Promise<readonly string[]> {
  const ids = Array.from({ length: EMMETT_AGGREGATES }, () => randomUUID());
  const left = ids.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const id of left) for (const step of lifeOf(id)) await emmett.append(step);
    }),
  );
  return ids;
}
