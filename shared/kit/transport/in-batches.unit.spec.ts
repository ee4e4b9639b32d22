import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mock } from 'node:test';
import { background, type Context, withSignal } from '../context.ts';
import { type BatchOptions, inBatches } from './in-batches.ts';

/** A source of batches that the test fills by hand. */
function source() {
  let ready: number[][] = [];
  let wake: () => void = () => undefined;
  let last = 0;
  let over: (() => void) | undefined;
  const state = { taken: 0, left: false };
  async function* batches({ signal }: Context) {
    try {
      for (;;) {
        const batch = ready.shift();
        if (batch !== undefined) {
          state.taken += batch.length;
          yield batch;
        } else if (over !== undefined) return over();
        else await Promise.race([new Promise<void>((come) => (wake = come)), aborted(signal)]);
      }
    } finally {
      state.left = true;
    }
  }
  return {
    state,
    open: async (ctx: Context) => batches(ctx),
    /** One batch of `count` more numbers. */
    add(count: number): void {
      ready = [...ready, Array.from({ length: count }, () => ++last)];
      wake();
    },
    end(how: () => void = () => undefined): void {
      over = how;
      wake();
    },
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('in batches', () => {
  let now: number;
  let from: ReturnType<typeof source>;
  let seen: number[][];
  beforeEach(() => {
    now = 0;
    seen = [];
    from = source();
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(performance, 'now', () => now);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  const pass = async (ms: number) => {
    now += ms;
    mock.timers.tick(ms);
    await settled();
  };
  const open = (options: Partial<BatchOptions> = {}, ctx = background()) =>
    inBatches(ctx, from.open, { most: 10, everyMs: 20, ...options });

  /** Reads to the end; `work` is done for each batch before the next is taken. */
  async function read(
    batches: AsyncIterable<readonly number[]>,
    work: () => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    for await (const batch of batches) {
      seen.push([...batch]);
      await work();
    }
  }

  it('an item that comes alone goes at once, and those soon after it go together', async () => {
    const reading = read(open());
    from.add(1);
    await settled();
    assert.deepEqual(seen, [[1]]);
    from.add(1);
    await pass(10);
    from.add(1);
    await pass(9);
    assert.deepEqual(seen, [[1]]);
    await pass(1);
    assert.deepEqual(seen, [[1], [2, 3]]);
    await pass(20);
    from.add(1);
    await settled();
    assert.deepEqual(seen, [[1], [2, 3], [4]]);
    from.end();
    await reading;
  });

  it('a full batch waits for nothing, and none is larger', async () => {
    const reading = read(open({ most: 4 }));
    from.add(3);
    await settled();
    from.add(5);
    from.add(2);
    await settled();
    assert.deepEqual(seen, [
      [1, 2, 3],
      [4, 5, 6, 7],
    ]);
    await pass(20);
    assert.deepEqual(seen.at(-1), [8, 9, 10]);
    from.end();
    await reading;
  });

  it('what comes while the reader works is its next batch, and no more than it may hold', async () => {
    const work = Promise.withResolvers<void>();
    const reading = read(open({ most: 4, everyMs: 0 }), () => work.promise);
    from.add(1);
    await settled();
    for (let n = 0; n < 20; n++) from.add(1);
    await settled();
    assert.equal(from.state.taken, 5);
    work.resolve();
    from.end();
    await reading;
    assert.deepEqual(
      seen.flat(),
      Array.from({ length: 21 }, (_, n) => n + 1),
    );
    assert.deepEqual(seen[1], [2, 3, 4, 5]);
  });

  it('an error comes after the items before it', async () => {
    const reading = read(open({ everyMs: 1_000 }));
    from.add(1);
    await settled();
    from.add(1);
    from.end(() => {
      throw new Error('gone');
    });
    await assert.rejects(reading, /gone/);
    assert.deepEqual(seen, [[1], [2]]);
  });

  it('nothing more comes once nobody wants it, and the source is left', async () => {
    const gone = new AbortController();
    const ctx = withSignal(background(), gone.signal);
    const reading = read(open({ most: 1 }, ctx), async () => gone.abort(new Error('enough')));
    from.add(3);
    await assert.rejects(reading, /enough/);
    assert.deepEqual(seen, [[1]]);
    assert.ok(from.state.left);
  });

  it('who leaves the loop leaves the source, though it waits for items', async () => {
    from.add(1);
    for await (const _ of open()) break;
    assert.ok(from.state.left);
  });
});
