import assert from 'node:assert/strict';
import { pino } from 'pino';
import { CodedError } from '../kit/errors.ts';
import { silentLogger } from '../kit/logger.ts';
import { checkpointSaver } from './checkpoint-saver.ts';

describe('checkpoint saver', () => {
  it('saves one position at a time, and of those in between only the last', async () => {
    const calls: bigint[] = [];
    const answers: (() => void)[] = [];
    const store = {
      saveCheckpoint: (_ctx: unknown, _consumer: string, position: bigint) => {
        calls.push(position);
        return new Promise<void>((resolve) => answers.push(resolve));
      },
    };
    const saver = checkpointSaver(store, 'worker', silentLogger);
    saver.moved(1n);
    saver.moved(2n);
    saver.moved(3n);
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
      saveCheckpoint: async (_ctx: unknown, _consumer: string, position: bigint) => {
        if (away) throw new Error('away');
        calls.push(position);
      },
    };
    const saver = checkpointSaver(store, 'worker', silentLogger);
    saver.moved(1n);
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
      saveCheckpoint: async (_ctx: unknown, _consumer: string, position: bigint) => {
        if (refusing.left-- > 0)
          throw new CodedError('precondition_failed', 'not_copied', 'Later.');
        calls.push(position);
      },
    };
    const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
    const saver = checkpointSaver(store, 'worker', logger);
    for (let told = 0; told < 3; told++) {
      saver.moved(7n);
      await new Promise(setImmediate);
    }
    assert.deepEqual(calls, [7n]);
    assert.deepEqual(warnings, []);
  });

  it('a position that a durable made anew is not at any more is not saved later', async () => {
    const calls: bigint[] = [];
    let refusing = true;
    const store = {
      saveCheckpoint: async (_ctx: unknown, _consumer: string, position: bigint) => {
        if (refusing) throw new CodedError('precondition_failed', 'not_copied', 'Later.');
        calls.push(position);
      },
    };
    const saver = checkpointSaver(store, 'worker', silentLogger);
    saver.moved(9n);
    await new Promise(setImmediate);
    refusing = false;
    saver.moved(4n);
    await saver.flush();
    assert.deepEqual(calls, [4n]);
  });

  it('a position that was passed already is not saved', async () => {
    const calls: bigint[] = [];
    const store = {
      saveCheckpoint: async (_ctx: unknown, _consumer: string, position: bigint) => {
        calls.push(position);
      },
    };
    const saver = checkpointSaver(store, 'worker', silentLogger);
    saver.moved(5n);
    saver.moved(4n);
    await saver.flush();
    assert.deepEqual(calls, [5n]);
  });
});
