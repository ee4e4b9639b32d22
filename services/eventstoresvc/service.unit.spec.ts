import assert from 'node:assert/strict';
import { background } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LiveHead } from './live-head.ts';
import type { EventLog, LogPage } from './log.ts';
import { createService } from './service.ts';

describe('readers of the event store', () => {
  it('read a few pages at a time, wait in a bounded number, and beyond that are refused', async () => {
    let reading = 0;
    let most = 0;
    const answered = Promise.withResolvers<void>();
    const log = {
      read: async (): Promise<LogPage> => {
        most = Math.max(most, ++reading);
        await answered.promise;
        reading--;
        return { events: [], more: false };
      },
    } as unknown as EventLog;
    const service = createService(
      log,
      {} as GroupCommit,
      {} as Checkpoints,
      {} as DeadLetters,
      () => 0n,
      {} as LiveHead,
      { stream: 'ORDERS', maxDataBytes: 1_000 },
    );
    const reads = Array.from({ length: 1_010 }, () => service.read(background(), {}, 1));
    const ended = Promise.allSettled(reads);
    await assert.rejects(
      reads.at(-1) as Promise<unknown>,
      (error) => codedError(error).code === 'too_many_readers',
    );
    assert.equal(most, 4, 'the others of the pool are for appends');
    answered.resolve();
    const outcomes = (await ended).map(({ status }) => status);
    assert.equal(outcomes.filter((status) => status === 'fulfilled').length, 1_004);
  });
});
