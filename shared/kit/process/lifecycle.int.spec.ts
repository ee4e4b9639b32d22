import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * A process of its own that runs one component. It prints JSON lines; the
 * component is what each test says.
 */
function program(component: string, stopTimeoutMs: number): string {
  return `
    import { createLifecycle, runProcess } from './lifecycle.ts';
    import { createLogger } from '../logger.ts';
    const logger = createLogger({ service: 'fixture', level: 'info', pretty: false });
    // Without a handle of its own the process would end for want of work.
    setInterval(() => {}, 60_000);
    const components = [
      { name: 'first', stop: async () => { logger.info('first stopped'); } },
      ${component},
    ];
    await runProcess(createLifecycle({ components, logger, stopTimeoutMs: ${stopTimeoutMs} }), logger);
  `;
}

/** The messages that a fixture has logged, and how to wait for one. */
class Fixture {
  readonly process: ChildProcess;
  readonly messages: string[] = [];
  stderr = '';
  private readonly waiting = new Set<() => void>();

  constructor(component: string, stopTimeoutMs = 5_000) {
    this.process = spawn(
      process.execPath,
      ['--input-type=module', '--eval', program(component, stopTimeoutMs)],
      { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    if (this.process.stdout !== null) {
      createInterface(this.process.stdout).on('line', (line) => {
        this.messages.push(JSON.parse(line).msg);
        for (const wake of this.waiting) wake();
      });
    }
  }

  /** Resolves when `message` was logged. Bounded by the test's own time limit. */
  said(message: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.messages.includes(message)) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }

  /** Exit code, once all output was read. */
  async ended(): Promise<number | null> {
    const [code] = await once(this.process, 'close');
    return code;
  }
}

describe('a process', () => {
  let fixture: Fixture | undefined;
  afterEach(() => {
    if (fixture?.process.exitCode === null) fixture.process.kill('SIGKILL');
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains on ${signal} and exits with 0`, async () => {
      fixture = new Fixture(`{
        name: 'http',
        async stop() {
          await new Promise((resolve) => setTimeout(resolve, 50));
          logger.info('drained');
        },
      }`);
      await fixture.said('ready');
      fixture.process.kill(signal);
      assert.equal(await fixture.ended(), 0);
      assert.deepEqual(fixture.messages, ['ready', 'stopping', 'drained', 'first stopped']);
    });
  }

  it('exits with 1 when something does not stop within the deadline, after stopping the rest', async () => {
    fixture = new Fixture(`{ name: 'http', stop: () => new Promise(() => {}) }`, 100);
    await fixture.said('ready');
    fixture.process.kill('SIGTERM');
    assert.equal(await fixture.ended(), 1);
    assert.ok(fixture.messages.includes('did not stop in time'));
    assert.ok(fixture.messages.includes('first stopped'));
  });

  it('exits at once on a second signal, but takes its echo for the same one', async () => {
    fixture = new Fixture(
      `{
        name: 'http',
        stop() {
          setTimeout(() => logger.info('past the echo'), 300);
          return new Promise(() => {});
        },
      }`,
      60_000,
    );
    await fixture.said('ready');
    fixture.process.kill('SIGINT');
    await fixture.said('stopping');
    fixture.process.kill('SIGTERM');
    await fixture.said('past the echo');
    fixture.process.kill('SIGTERM');
    assert.equal(await fixture.ended(), 1);
    assert.equal(fixture.messages.at(-1), 'second signal: stopping at once');
  });

  it('that cannot start says why in one line, stops what was started and exits with 1', async () => {
    fixture = new Fixture(`{
      name: 'database',
      async start() {
        throw new Error('no answer from 127.0.0.1:26257', { cause: new Error('connection\\n refused') });
      },
    }`);
    assert.equal(await fixture.ended(), 1);
    assert.deepEqual(fixture.messages, [
      'database did not start: no answer from 127.0.0.1:26257: connection refused',
      'first stopped',
    ]);
    assert.equal(fixture.stderr, '');
  });

  it('told to stop while starting stops, without calling it a failure', async () => {
    fixture = new Fixture(`{
      name: 'nats',
      start() {
        logger.info('connecting');
        return new Promise((resolve) => process.once('SIGTERM', resolve));
      },
    }`);
    await fixture.said('connecting');
    fixture.process.kill('SIGTERM');
    assert.equal(await fixture.ended(), 0);
    assert.deepEqual(fixture.messages, ['connecting', 'stopping', 'first stopped']);
  });

  for (const [what, code] of [
    ['rejection', `Promise.reject(new Error('lost'))`],
    ['exception', `process.nextTick(() => { throw new Error('lost'); })`],
  ] as const) {
    it(`with an unhandled ${what} logs it and exits with 1`, async () => {
      fixture = new Fixture(
        `{ name: 'x', start: async () => { setTimeout(() => { ${code}; }, 0); } }`,
      );
      assert.equal(await fixture.ended(), 1);
      assert.ok(fixture.messages.includes('unhandled error'));
    });
  }
});
