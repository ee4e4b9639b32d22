import assert from 'node:assert/strict';
import { pino } from 'pino';
import { CodedError } from '../../kit/errors.ts';
import { silentLogger } from '../../kit/logger.ts';
import type { Checkpoint, SaveCheckpointRequest } from '../checkpoints.ts';
import { checkpointSaver } from './checkpoint-saver.ts';

const at = (position: bigint, delivered = position): Checkpoint => ({
  position,
  eventId: `e-${position}`,
  delivered,
});

describe('checkpoint saver', () => {
  it('saves one position at a time, and of those in between only the last', async () => {
    const calls: bigint[] = [];
    const answers: (() => void)[] = [];
    const store = {
      saveCheckpoint: (_ctx: unknown, { position }: Checkpoint) => {
        calls.push(position);
        return new Promise<void>((resolve) => answers.push(resolve));
      },
    };
    const saver = checkpointSaver(
      store,
      { consumer: 'worker', eventTypes: ['PARCELS.sent'] },
      silentLogger,
    );
    saver.moved(at(1n));
    saver.moved(at(2n));
    saver.moved(at(3n));
    assert.deepEqual(calls, [1n]);
    answers[0]?.();
    await new Promise(setImmediate);
    assert.deepEqual(calls, [1n, 3n]);
    answers[1]?.();
    await saver.flush();
    assert.deepEqual(calls, [1n, 3n]);
  });

  it('what could not be saved is saved with the next, and flushing never rejects', async () => {
    const calls: bigint[] = [];
    let away = true;
    const store = {
      saveCheckpoint: async (_ctx: unknown, { position }: Checkpoint) => {
        if (away) throw new Error('away');
        calls.push(position);
      },
    };
    const saver = checkpointSaver(
      store,
      { consumer: 'worker', eventTypes: ['PARCELS.sent'] },
      silentLogger,
    );
    saver.moved(at(1n));
    await saver.flush();
    assert.deepEqual(calls, []);
    away = false;
    await saver.flush();
    assert.deepEqual(calls, [1n]);
  });

  it('what the store will not have yet is tried again when told again, without a warning', async () => {
    const calls: bigint[] = [];
    const warnings: unknown[] = [];
    const refusing = { left: 2 };
    const store = {
      saveCheckpoint: async (_ctx: unknown, { position }: Checkpoint) => {
        if (refusing.left-- > 0)
          throw new CodedError('precondition_failed', 'not_copied', 'Later.');
        calls.push(position);
      },
    };
    const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
    const saver = checkpointSaver(
      store,
      { consumer: 'worker', eventTypes: ['PARCELS.sent'] },
      logger,
    );
    for (let told = 0; told < 3; told++) {
      saver.moved(at(7n));
      await new Promise(setImmediate);
    }
    assert.deepEqual(calls, [7n]);
    assert.deepEqual(warnings, []);
  });

  it('a position that a recreated durable is no longer at is not saved later', async () => {
    const calls: bigint[] = [];
    let refusing = true;
    const store = {
      saveCheckpoint: async (_ctx: unknown, { position }: Checkpoint) => {
        if (refusing) throw new CodedError('precondition_failed', 'not_copied', 'Later.');
        calls.push(position);
      },
    };
    const saver = checkpointSaver(
      store,
      { consumer: 'worker', eventTypes: ['PARCELS.sent'] },
      silentLogger,
    );
    saver.moved(at(9n));
    await new Promise(setImmediate);
    refusing = false;
    saver.moved(at(4n));
    await saver.flush();
    assert.deepEqual(calls, [4n]);
  });

  it('what is the same as was saved last is not sent again, and anything else is', async () => {
    const calls: SaveCheckpointRequest[] = [];
    const store = {
      saveCheckpoint: async (_ctx: unknown, request: SaveCheckpointRequest) => {
        calls.push(request);
      },
    };
    const saver = checkpointSaver(
      store,
      { consumer: 'worker', eventTypes: ['PARCELS.sent'] },
      silentLogger,
    );
    const told = [
      at(5n),
      at(5n),
      // All that came is under way: only what was delivered moves.
      at(5n, 8n),
      at(5n, 8n),
      // The durable was made again.
      at(4n),
      { ...at(4n), eventId: 'e-other' },
    ];
    for (const checkpoint of told) {
      saver.moved(checkpoint);
      await saver.flush();
    }
    const who = { consumer: 'worker', eventTypes: ['PARCELS.sent'] };
    assert.deepEqual(
      calls,
      [told[0], told[2], told[4], told[5]].map((one) => ({ ...who, ...one })),
    );
  });
});
