import assert from 'node:assert/strict';
import type { DeadLetter } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LiveHead } from './live-head.ts';
import type { EventLog } from './log.ts';
import { createService } from './service.ts';

describe('the event store parks', () => {
  const kept: DeadLetter[] = [];
  const service = createService(
    { head: async () => 1n } as unknown as EventLog,
    {} as GroupCommit,
    {} as Checkpoints,
    { park: async (_ctx: unknown, letter: DeadLetter) => void kept.push(letter) } as DeadLetters,
    () => 1n,
    {} as LiveHead,
    { stream: 'ORDERS', maxDataBytes: 1_000 },
  );
  const letter: DeadLetter = {
    consumer: 'w',
    position: 1n,
    eventId: 'e',
    reason: 'max_deliveries',
    lastError: '',
    deliveries: Number.MAX_SAFE_INTEGER,
    traceparent: '',
  };

  it('no more deliveries than the contract can tell of, whatever an advisory said', async () => {
    await service.park(background(), letter);
    await service.park(background(), { ...letter, deliveries: 2 });
    assert.deepEqual(
      kept.map(({ deliveries }) => deliveries),
      [2 ** 31 - 1, 2],
    );
  });
});
