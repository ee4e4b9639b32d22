import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { silentLogger } from '../../shared/kit/logger.ts';
import { watchStandstill } from './standstill.ts';

describe('watchStandstill', () => {
  const at = { position: 5n, checkpoint: 5n, head: 5n, since: 0 };
  let now: number;
  let faults: string[];
  let stop: () => void;
  beforeEach(() => {
    Object.assign(at, { position: 5n, checkpoint: 5n, head: 5n, since: 0 });
    now = 0;
    faults = [];
    mock.timers.enable({ apis: ['setInterval'] });
    mock.method(performance, 'now', () => now);
    stop = watchStandstill({
      checkpoint: async () => at.checkpoint,
      head: async () => at.head,
      waiting: () => ({ position: at.position, since: at.since }),
      lookMs: 100,
      stuckMs: 1_000,
      onFault: (why) => faults.push(why),
      logger: silentLogger,
    });
  });
  afterEach(() => {
    stop();
    mock.timers.reset();
    mock.restoreAll();
  });

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      now += 100;
      mock.timers.tick(100);
      await new Promise(setImmediate);
    }
  }

  it('an idle log is no fault, nor is an event that has only just been appended', async () => {
    await pass(5_000);
    at.head = 6n;
    await pass(900);
    assert.deepEqual(faults, []);
    await pass(300);
    assert.deepEqual(faults, ['the log has 6 events, but the read model is stuck at 5']);
  });

  it('another instance that moves the checkpoint is at work', async () => {
    at.head = 100n;
    for (let n = 0; n < 10; n++) {
      at.checkpoint++;
      await pass(500);
    }
    assert.deepEqual(faults, []);
  });

  it('a checkpoint that was moved back, or is ahead of the log, is said once', async () => {
    at.checkpoint = 2n;
    await pass(500);
    assert.deepEqual(faults, ['the checkpoint was moved back to 2']);
  });

  it('nothing is looked at while batches come', async () => {
    at.head = 3n;
    for (let n = 0; n < 10; n++) {
      at.since = now + 100;
      await pass(100);
    }
    assert.deepEqual(faults, []);
  });
});
