import assert from 'node:assert/strict';
import { type Process, startProcess, untilReady } from './process.ts';
import { restartDelay, type SupervisorOptions, supervise } from './supervisor.ts';
import { until } from './until.ts';

const quick = { firstDelayMs: 4, longestDelayMs: 20 };
const within = { deadlineMs: 10_000, everyMs: 5 };

/** Supervises a script that says "up" when it is ready. */
function supervised(code: string, options: Partial<SupervisorOptions> = {}) {
  const told = { ready: 0, restarts: [] as { what: string; inMs: number }[] };
  const supervisor = supervise({
    name: 'child',
    ...quick,
    onReady: () => {
      told.ready += 1;
    },
    onRestart: (what, inMs) => told.restarts.push({ what, inMs }),
    launch: async (signal) => {
      const child = await startProcess({
        name: 'child',
        command: process.execPath,
        args: ['-e', code],
      });
      await untilReady(child, () => child.tail().includes('up'), { stillMs: 10_000 }, signal);
      return child;
    },
    ...options,
  });
  return { supervisor, told };
}

const healthy = `console.log('up'); setInterval(() => {}, 1000);`;

describe('supervise', () => {
  it('starts again what dies, and says why and when', async () => {
    const { supervisor, told } = supervised(healthy);
    await supervisor.start();
    const first = supervisor.process?.pid;
    supervisor.kill('SIGKILL');
    await until(() => told.ready === 2, { what: 'the second life', ...within });
    assert.notEqual(supervisor.process?.pid, first);
    assert.equal(told.restarts.length, 1);
    assert.equal(told.restarts[0]?.what, 'died (SIGKILL)');
    await supervisor.stop();
  });

  it('calls an end in order no death, and one that never came up no life', async () => {
    const polite = `process.on('SIGTERM', () => process.exit(0)); ${healthy}`;
    const { supervisor, told } = supervised(polite);
    await supervisor.start();
    supervisor.kill('SIGTERM');
    await until(() => told.ready === 2, { what: 'the second life', ...within });
    assert.deepEqual(
      told.restarts.map(({ what }) => what),
      ['ended in order'],
    );
    await supervisor.stop();
    const broken = supervised('process.exit(2)', { startAttempts: 2 });
    await assert.rejects(broken.supervisor.start());
    assert.match(broken.told.restarts[0]?.what ?? '', /^did not start: .*\(exit code 2\)/);
  });

  it('what is stopped stays down until it is started', async () => {
    const { supervisor, told } = supervised(healthy);
    await supervisor.start();
    await supervisor.stop();
    await supervisor.stop();
    assert.equal(supervisor.process, undefined);
    assert.deepEqual(told.restarts, []);
    await supervisor.start();
    assert.equal(told.ready, 2);
    await supervisor.stop();
  });

  it('gives the first start up after its attempts, with the last line', async () => {
    const { supervisor, told } = supervised(`console.log('bad'); process.exit(2)`, {
      startAttempts: 3,
    });
    await assert.rejects(supervisor.start(), /exit code 2/);
    assert.equal(told.restarts.length, 2);
    assert.equal(told.ready, 0);
  });

  it('waits longer after each start that failed, by its own measure', async () => {
    const { supervisor, told } = supervised('process.exit(2)', {
      startAttempts: 4,
      firstFailureDelayMs: 40,
      longestDelayMs: 1_000,
    });
    await assert.rejects(supervisor.start());
    const waits = told.restarts.map(({ inMs }) => inMs);
    assert.deepEqual(
      waits.map((ms, death) => ms >= 20 * 2 ** death && ms <= 40 * 2 ** death),
      [true, true, true],
      String(waits),
    );
  });

  it('a stop does not wait for a start that never gets ready', async () => {
    const { supervisor } = supervised('setInterval(() => {}, 1000)');
    const start = assert.rejects(supervisor.start(), { name: 'AbortError' });
    await supervisor.stop();
    await start;
    assert.equal(supervisor.process, undefined);
  });

  it('a child that gets ready in the very moment of the stop is ended, too', async () => {
    const launched = Promise.withResolvers<Process>();
    const ready = Promise.withResolvers<void>();
    const { supervisor, told } = supervised(healthy, {
      launch: async () => {
        const { execPath: command } = process;
        const child = await startProcess({ name: 'child', command, args: ['-e', healthy] });
        launched.resolve(child);
        await ready.promise;
        return child;
      },
    });
    const start = assert.rejects(supervisor.start(), { name: 'AbortError' });
    const child = await launched.promise;
    try {
      const stopped = supervisor.stop();
      ready.resolve();
      await Promise.all([stopped, start]);
      await until(() => !child.running, { what: 'its end', ...within });
      assert.equal(told.ready, 0);
    } finally {
      await child.stop();
    }
  });

  it('a stop does not wait out a long pause before a restart', async () => {
    const long = { firstDelayMs: 60_000, longestDelayMs: 60_000 };
    const { supervisor, told } = supervised(healthy, long);
    await supervisor.start();
    supervisor.kill('SIGKILL');
    await until(() => told.restarts.length === 1, { what: 'its death', ...within });
    await supervisor.stop();
  });

  it('waits longer from death to death, and is short again after a long life', async () => {
    const backoff = { firstDelayMs: 8, longestDelayMs: 10_000 };
    /** Dies whenever it has become ready. */
    const mortal = (options: Partial<SupervisorOptions>) => {
      const child: ReturnType<typeof supervised> = supervised(healthy, {
        ...backoff,
        onReady: () => setImmediate(() => child.supervisor.kill('SIGKILL')),
        ...options,
      });
      return child;
    };
    const weak = mortal({});
    await weak.supervisor.start();
    await until(() => weak.told.restarts.length === 4, { what: 'four deaths', ...within });
    await weak.supervisor.stop();
    assert.ok((weak.told.restarts[3]?.inMs ?? 0) >= 32, JSON.stringify(weak.told.restarts));

    // Any life counts as a long one.
    const strong = mortal({ stableMs: 0 });
    await strong.supervisor.start();
    await until(() => strong.told.restarts.length === 4, { what: 'four deaths', ...within });
    await strong.supervisor.stop();
    assert.ok((strong.told.restarts[3]?.inMs ?? 99) <= 8, JSON.stringify(strong.told.restarts));
  });
});

describe('restartDelay', () => {
  it('doubles up to a cap, and is never less than half of it', () => {
    const options = { firstDelayMs: 100, longestDelayMs: 1_000 };
    for (const [death, full] of [
      [0, 100],
      [1, 200],
      [3, 800],
      [4, 1_000],
      [5_000, 1_000],
    ] as const) {
      const delay = restartDelay(death, options);
      assert.ok(delay >= full / 2 && delay <= full, `${death}: ${delay}`);
    }
  });

  it('has jitter', () => {
    assert.ok(new Set(Array.from({ length: 50 }, () => restartDelay(4))).size > 10);
  });
});
