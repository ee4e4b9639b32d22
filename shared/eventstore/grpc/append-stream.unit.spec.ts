import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock } from 'node:test';
import type { EventStoreClient } from '../../../proto/gen/eventstore.ts';
import { Lane } from '../../../proto/gen/eventstore.ts';
import { background, withSignal, withTimeLeft } from '../../kit/context.ts';
import { silentLogger } from '../../kit/logger.ts';
import { createAppendStream } from './append-stream.ts';

describe('appends that wait for an answer', () => {
  /** A server that answers nothing, until the test does. */
  class Call extends EventEmitter {
    readonly sent: number[] = [];
    write({ appends }: { appends: readonly { number: number }[] }): boolean {
      this.sent.push(...appends.map(({ number }) => number));
      return true;
    }
    cancel(): void {}
    end(): void {}
  }

  function stream() {
    const call = new Call();
    const client = {
      appendEvents: () => call,
      getHead: () => ({ cancel: () => undefined }),
    } as unknown as EventStoreClient;
    const link = {
      client: () => client,
      replace: () => undefined,
      connected: () => true,
      close: () => undefined,
    };
    const appends = createAppendStream(link, { timeoutMs: 60_000, logger: silentLogger });
    const answer = (number: number) =>
      call.emit('data', {
        results: [{ number, version: 1n, position: BigInt(number), error: undefined }],
        heartbeat: undefined,
      });
    return { appends, call, answer };
  }
  const body = { events: [], expectedVersion: undefined, lane: Lane.NEW_WORK };

  it('end at their own deadlines, and the others wait on', async () => {
    const { appends, answer } = stream();
    const hasty = [5, 1, 30].map((ms) => appends.append(withTimeLeft(background(), ms), body));
    const patient = appends.append(background(), body);
    const results = await Promise.allSettled(hasty);
    assert.deepEqual(
      results.map((one) => one.status === 'rejected' && one.reason.code),
      ['append_timeout', 'append_timeout', 'append_timeout'],
    );
    answer(4);
    assert.deepEqual(await patient, { version: 1n, position: 4n });
    // What begins after a pause has its deadline kept, too.
    await assert.rejects(appends.append(withTimeLeft(background(), 1), body), {
      code: 'append_timeout',
    });
    await appends.close();
  });

  it('end at once when their caller leaves, whenever deadlines are looked at', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { appends, answer } = stream();
      const leaving = new AbortController();
      const gone = appends.append(withSignal(background(), leaving.signal), body);
      const other = appends.append(background(), body);
      leaving.abort();
      await assert.rejects(gone, { kind: 'cancelled' });
      answer(1);
      answer(2);
      assert.deepEqual(await other, { version: 1n, position: 2n });
      await appends.close();
    } finally {
      mock.timers.reset();
    }
  });
});
