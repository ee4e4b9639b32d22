import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import type { Checkpoints } from './consumers/sql-checkpoints.ts';
import type { DeadLetters } from './consumers/sql-letters.ts';
import type { GroupCommit } from './log/group-commit.ts';
import type { LiveHead } from './log/live-head.ts';
import type { LogCurrency } from './log/log-currency.ts';
import type { LogPage } from './log/read/log-page.ts';
import type { EventLog } from './log/sql-log.ts';
import { createTail } from './log/tail.ts';
import { createReaders, createService, readersOf } from './service.ts';

describe('readers of the event store', () => {
  it('read a few pages at a time, wait in a bounded number, and beyond that are refused', async () => {
    const log = hangingLog();
    const service = serviceOn(log);
    const reads = Array.from({ length: 1_010 }, () => service.read(background(), { limit: 1 }));
    const ended = Promise.allSettled(reads);
    await assert.rejects(
      reads.at(-1) as Promise<unknown>,
      (error) => codedError(error).code === 'too_many_readers',
    );
    assert.equal(log.reading(), 4, 'the others of the pool are for lookups and heads');
    log.answer();
    const outcomes = (await ended).map(({ status }) => status);
    assert.equal(outcomes.filter((status) => status === 'fulfilled').length, 1_004);
  });

  it('of one aggregate or event do not wait for those who read the whole log, and are bounded too', async () => {
    const log = hangingLog();
    const service = serviceOn(log);
    const reads = Array.from({ length: 10 }, () => service.read(background(), { limit: 1 }));
    assert.equal(log.reading(), 4);
    const lookups = Array.from({ length: 1_040 }, (_, index) =>
      index % 2 === 0
        ? service.readAggregate(background(), { aggregateType: 'order', aggregateId: `${index}` })
        : service.read(background(), { eventId: `${index}`, limit: 1 }),
    );
    const ended = Promise.allSettled([...reads, ...lookups]);
    await assert.rejects(
      lookups.at(-1) as Promise<unknown>,
      (error) => codedError(error).code === 'too_many_readers',
    );
    assert.equal(log.reading(), 4 + 32, 'the others of the pool are for heads and checkpoints');
    log.answer();
    const outcomes = (await ended).map(({ status }) => status);
    assert.equal(outcomes.filter((status) => status === 'fulfilled').length, 10 + 1_032);
  });

  it('leave connections to heads, checkpoints and batches that failed, however few there are', () => {
    for (let connections = 4; connections <= 100; connections++) {
      const { log, lookups } = readersOf(connections);
      assert.ok(log >= 1 && lookups >= 1, `of ${connections}`);
      assert.ok(connections - log - lookups >= Math.min(4, connections / 2), `of ${connections}`);
    }
    assert.deepEqual(readersOf(40), { log: 4, lookups: 32 });
  });
});

describe('a reading of the log as a stream', () => {
  /** A log of `events`, whose head was asked for when there were `atFirst`. */
  function growingLog(atFirst: number, events: number): EventLog {
    const all = Array.from(
      { length: events },
      (_, n): RecordedEvent => ({
        ...anEvent(),
        stream: 'ORDERS',
        position: BigInt(n + 1),
        version: 1n,
        createdAt: new Date(0),
      }),
    );
    const log: Pick<EventLog, 'head' | 'read'> = {
      head: async () => BigInt(atFirst),
      read: async (_ctx, { afterPosition = 0n }, limit) => {
        const from = Number(afterPosition);
        return { events: all.slice(from, from + limit), more: from + limit < events };
      },
    };
    return log as EventLog;
  }

  it('ends where the log ended when it began, in the middle of a page and at the end of one', async () => {
    for (const [atFirst, events] of [
      [5, 8],
      [500, 1_200],
      [700, 2_000],
      [8, 8],
      [0, 3],
    ] as const) {
      const read: bigint[] = [];
      const service = serviceOn(growingLog(atFirst, events));
      for await (const batch of await service.batches(background(), {})) {
        assert.ok(batch.length > 0);
        read.push(...batch.map(({ position }) => position));
      }
      assert.deepEqual(
        read,
        Array.from({ length: atFirst }, (_, n) => BigInt(n + 1)),
        `${atFirst} of ${events}`,
      );
    }
  });
});

/** A log whose readings wait until `answer` is called. */
function hangingLog() {
  let reading = 0;
  const answered = Promise.withResolvers<void>();
  const log = {
    read: async (): Promise<LogPage> => {
      reading++;
      await answered.promise;
      return { events: [], more: false };
    },
    reading: () => reading,
    answer: answered.resolve,
  };
  return log as typeof log & EventLog;
}

const serviceOn = (log: EventLog) =>
  createService(
    log,
    {} as GroupCommit,
    {} as Checkpoints,
    {} as DeadLetters,
    () => 0n,
    {} as LiveHead,
    { admit: () => undefined, refuse: () => undefined },
    {} as LogCurrency,
    createReaders(40),
    createTail(),
  );
