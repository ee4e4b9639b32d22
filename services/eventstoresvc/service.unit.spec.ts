import assert from 'node:assert/strict';
import { background } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LiveHead } from './live-head.ts';
import type { EventLog, LogPage } from './log.ts';
import { createService, readersOf } from './service.ts';

describe('readers of the event store', () => {
  it('read a few pages at a time, wait in a bounded number, and beyond that are refused', async () => {
    const log = hangingLog();
    const service = serviceOn(log);
    const reads = Array.from({ length: 1_010 }, () => service.read(background(), {}, 1));
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
    const reads = Array.from({ length: 10 }, () => service.read(background(), {}, 1));
    assert.equal(log.reading(), 4);
    const lookups = Array.from({ length: 1_040 }, (_, index) =>
      index % 2 === 0
        ? service.readAggregate(background(), 'order', `${index}`)
        : service.read(background(), { eventId: `${index}` }, 1),
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
    { stream: 'ORDERS', maxDataBytes: 1_000, connections: 40 },
  );
