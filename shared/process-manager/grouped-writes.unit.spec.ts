import assert from 'node:assert/strict';
import { CodedError } from '../kit/errors.ts';
import type { Deadline, DeadlineKey } from './deadlines.ts';
import { groupedWrites } from './grouped-writes.ts';

const review = { aggregateId: 'a', kind: 'review' };
const change = { put: [review as Deadline], remove: [{ aggregateId: 'a', kind: 'payment' }] };

/** A table that notes what it is asked, and takes its time. */
function table(putting: () => Promise<void> = async () => undefined) {
  const steps: string[] = [];
  const step = async (name: string, keys: readonly DeadlineKey[], work: () => Promise<void>) => {
    const what = `${name} ${keys.map(({ kind }) => kind)}`;
    steps.push(what);
    await new Promise((resolve) => setImmediate(resolve));
    await work();
    steps.push(`${what}: done`);
  };
  const writes = groupedWrites({
    put: (_ctx, deadlines) => step('put', deadlines, putting),
    remove: (_ctx, keys) => step('remove', keys, async () => undefined),
  });
  return { writes, steps };
}

describe('grouped writes', () => {
  it('set a deadline before another is removed: a crash leaves one too many, never one too few', async () => {
    const { writes, steps } = table();
    await writes.write(change as Parameters<typeof writes.write>[0]);
    assert.deepEqual(steps, [
      'put review',
      'put review: done',
      'remove payment',
      'remove payment: done',
    ]);
  });

  it('a deadline that is set after its removal stays, though both are in one group', async () => {
    const { writes, steps } = table();
    const removed = writes.write({ put: [], remove: [{ aggregateId: 'a', kind: 'review' }] });
    await Promise.all([removed, writes.write({ put: [review as Deadline], remove: [] })]);
    assert.deepEqual(steps, ['put review', 'put review: done']);
  });

  it('remove nothing where nothing could be set', async () => {
    const away = new CodedError('unavailable', 'database_unavailable', 'away');
    const { writes, steps } = table(() => Promise.reject(away));
    await assert.rejects(writes.write(change as Parameters<typeof writes.write>[0]), away);
    assert.deepEqual(steps, ['put review']);
  });
});
