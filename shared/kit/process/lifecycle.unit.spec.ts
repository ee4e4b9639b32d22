import assert from 'node:assert/strict';
import { recordingLogger } from '../../testing/recording.ts';
import { silentLogger as logger } from '../logger.ts';
import { type Component, createLifecycle } from './lifecycle.ts';

/** A component that leaves its name at each step. */
function trail(name: string, steps: string[], more: Partial<Component> = {}): Component {
  return {
    name,
    start: async () => {
      steps.push(`start ${name}`);
    },
    stop: async () => {
      steps.push(`stop ${name}`);
    },
    ...more,
  };
}

const never = () => new Promise<void>(() => {});

describe('lifecycle', () => {
  const stopTimeoutMs = 1_000;

  it('starts in order and stops in reverse', async () => {
    const steps: string[] = [];
    const components = [trail('database', steps), { name: 'nothing' }, trail('http', steps)];
    const lifecycle = createLifecycle({ components, logger, stopTimeoutMs });
    await lifecycle.start();
    await lifecycle.stop();
    assert.deepEqual(steps, ['start database', 'start http', 'stop http', 'stop database']);
  });

  it('a second stop is harmless', async () => {
    const steps: string[] = [];
    const lifecycle = createLifecycle({ components: [trail('a', steps)], logger, stopTimeoutMs });
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    assert.deepEqual(steps, ['start a', 'stop a']);
  });

  it('stops only what was started when a start fails, and says which failed and why', async () => {
    const steps: string[] = [];
    const refused = async () => {
      throw new Error('connection refused');
    };
    const lifecycle = createLifecycle({
      components: [trail('a', steps), trail('b', steps, { start: refused }), trail('c', steps)],
      logger,
      stopTimeoutMs,
    });
    await assert.rejects(lifecycle.start(), (error: Error) => {
      assert.equal(error.message, 'b did not start');
      assert.match(String(error.cause), /connection refused/);
      return true;
    });
    await lifecycle.stop();
    assert.deepEqual(steps, ['start a', 'stop a']);
  });

  it('an error in one does not keep the others from stopping', async () => {
    const steps: string[] = [];
    const { logger: recording, lines } = recordingLogger();
    const broken = () => {
      throw new Error('broken');
    };
    const lifecycle = createLifecycle({
      components: [trail('a', steps), trail('b', steps, { stop: broken }), trail('c', steps)],
      logger: recording,
      stopTimeoutMs,
    });
    await lifecycle.start();
    await assert.rejects(lifecycle.stop(), /did not stop cleanly: b/);
    assert.deepEqual(steps.slice(3), ['stop c', 'stop a']);
    assert.equal(lines[0]?.component, 'b');
  });

  it('one deadline holds for all of it, and the rest is still told to stop', async () => {
    const steps: string[] = [];
    const lifecycle = createLifecycle({
      components: [trail('a', steps), trail('b', steps, { stop: never }), trail('c', steps)],
      logger,
      stopTimeoutMs: 30,
    });
    await lifecycle.start();
    await assert.rejects(lifecycle.stop(), /did not stop cleanly: b/);
    assert.deepEqual(steps.slice(3), ['stop c', 'stop a']);
  });

  it('a stop while starting lets the component that is starting finish, and starts no other', async () => {
    const steps: string[] = [];
    const slow = Promise.withResolvers<void>();
    const lifecycle = createLifecycle({
      components: [trail('a', steps, { start: () => slow.promise }), trail('b', steps)],
      logger,
      stopTimeoutMs,
    });
    const starting = assert.rejects(lifecycle.start(), /stopped while starting/);
    const stopping = lifecycle.stop();
    slow.resolve();
    await Promise.all([starting, stopping]);
    assert.deepEqual(steps, ['stop a']);
  });

  it('is ready only between the end of start and stop, and names who is not', async () => {
    let reason: string | undefined = 'reconnecting';
    const nats = { name: 'nats', notReady: () => reason };
    const lifecycle = createLifecycle({ components: [nats], logger, stopTimeoutMs });
    assert.deepEqual(lifecycle.notReady(), ['starting nats']);
    await lifecycle.start();
    assert.deepEqual(lifecycle.notReady(), ['nats: reconnecting']);
    reason = undefined;
    assert.deepEqual(lifecycle.notReady(), []);
    await lifecycle.stop();
    assert.deepEqual(lifecycle.notReady(), ['stopping']);
  });

  it('is degraded as long as a component says so, and only between the end of start and stop', async () => {
    let reason: string | undefined = 'the stream is not ours';
    const relay = { name: 'relay', degraded: () => reason };
    const lifecycle = createLifecycle({ components: [relay], logger, stopTimeoutMs });
    assert.deepEqual(lifecycle.degraded(), []);
    await lifecycle.start();
    assert.deepEqual(lifecycle.degraded(), ['relay: the stream is not ours']);
    assert.deepEqual(lifecycle.notReady(), []);
    reason = undefined;
    assert.deepEqual(lifecycle.degraded(), []);
    reason = 'again';
    await lifecycle.stop();
    assert.deepEqual(lifecycle.degraded(), []);
  });
});
