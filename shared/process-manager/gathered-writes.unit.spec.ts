import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { CodedError } from '../kit/errors.ts';
import type { Deadline } from './deadlines.ts';
import { type GatheredWrites, gatheredWrites } from './gathered-writes.ts';
import type { DeadlineChange } from './grouped-writes.ts';

const WINDOW_MS = 200;

const deadline = (kind: string, causedBy = `${kind} began`) =>
  ({ aggregateId: 'a', kind, causedBy }) as Deadline;
const put = (...kinds: string[]): DeadlineChange => ({
  put: kinds.map((kind) => deadline(kind)),
  remove: [],
});
const remove = (...kinds: string[]): DeadlineChange => ({
  put: [],
  remove: kinds.map((kind) => ({ aggregateId: 'a', kind })),
});
const both = (one: DeadlineChange, other: DeadlineChange): DeadlineChange => ({
  put: [...one.put, ...other.put],
  remove: [...one.remove, ...other.remove],
});

describe('gathered writes', () => {
  let written: string[];
  let failing: boolean;
  let writes: GatheredWrites;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    written = [];
    failing = false;
    writes = gatheredWrites(
      {
        write: async (change) => {
          if (failing) throw new CodedError('unavailable', 'away', 'The table is away.');
          const puts = change.put.map(({ kind }) => `+${kind}`);
          written.push([...puts, ...change.remove.map(({ kind }) => `-${kind}`)].join(' '));
        },
      },
      WINDOW_MS,
    );
  });
  afterEach(() => mock.timers.reset());

  const settled = () => new Promise((resolve) => setImmediate(resolve));
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += WINDOW_MS / 2) {
      mock.timers.tick(WINDOW_MS / 2);
      await settled();
    }
  }
  /** What is known of each change: done, failed, or that it waits. */
  async function states(...changes: Promise<boolean>[]) {
    await settled();
    return Promise.all(changes.map((one) => Promise.race([one, Promise.resolve('waits')])));
  }

  it('an aggregate that begins and ends within the window costs no statement', async () => {
    const created = writes.gather(put('payment'), true);
    const paid = writes.gather(both(put('review'), remove('payment')), false);
    assert.deepEqual(await states(created, paid), ['waits', 'waits']);
    const approved = writes.gather(remove('payment', 'review'), false);
    assert.deepEqual(await states(created, paid, approved), [true, true, true]);
    await pass(3 * WINDOW_MS);
    assert.deepEqual(written, []);
  });

  it('what is set and not cleared is written once, after a window', async () => {
    const created = writes.gather(put('payment'), true);
    await pass(WINDOW_MS / 2);
    const paid = writes.gather(both(put('review'), remove('payment')), false);
    await pass(WINDOW_MS);
    assert.deepEqual([written, await states(created, paid)], [[], ['waits', 'waits']]);
    await pass(WINDOW_MS / 2);
    assert.deepEqual([written, await states(created, paid)], [['+review'], [true, true]]);
  });

  it('what was set before the window is removed, and what is set and cleared in it is not set', async () => {
    await Promise.all([writes.gather(put('payment'), true), pass(2 * WINDOW_MS)]);
    const paid = writes.gather(both(put('review'), remove('payment')), false);
    const approved = writes.gather(remove('payment', 'review'), false);
    assert.deepEqual(await states(paid, approved), ['waits', 'waits']);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['+payment', '-payment -review']);
    assert.deepEqual(await states(paid, approved), [true, true]);
  });

  it('what may have been followed before is removed, though it was set in the same window', async () => {
    void writes.gather(put('payment'), false);
    void writes.gather(remove('payment'), false);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['-payment']);
  });

  it('one that goes at once takes with it what waits of its aggregate, and no other', async () => {
    void writes.gather(put('payment'), true);
    void writes.gather({ put: [{ ...deadline('payment'), aggregateId: 'b' }], remove: [] }, true);
    await writes.write(both(put('void'), remove('payment', 'review')));
    assert.deepEqual(written, ['+void']);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['+void', '+payment']);
  });

  it('what cannot be written is not done, and its aggregate is not new any more', async () => {
    failing = true;
    const created = writes.gather(put('payment'), true);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(await states(created), [false]);
    await assert.rejects(writes.write(remove('payment')), { code: 'away' });
    failing = false;
    void writes.gather(put('payment'), false);
    void writes.gather(remove('payment'), false);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['-payment']);
  });

  it('the removal of another wait leaves the one that waits, and the other kinds', async () => {
    void writes.gather(put('hold', 'answer'), true);
    const remove = [{ aggregateId: 'a', kind: 'hold', causedBy: 'an earlier hold' }];
    void writes.gather({ put: [], remove }, false);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['+hold +answer']);
    void writes.gather(put('hold', 'answer'), false);
    void writes.gather({ put: [], remove: [deadline('hold')] }, false);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written[1], '+answer -hold');
  });

  it('a deadline that is set after its removal stays', async () => {
    void writes.gather(remove('hold'), false);
    void writes.gather(put('hold'), false);
    await pass(2 * WINDOW_MS);
    assert.deepEqual(written, ['+hold']);
  });

  it('without a window all is written at once', async () => {
    const direct = gatheredWrites(
      { write: async (change) => void written.push(`${change.put.length}`) },
      0,
    );
    assert.equal(await direct.gather(put('payment'), true), true);
    assert.deepEqual(written, ['1']);
  });
});
