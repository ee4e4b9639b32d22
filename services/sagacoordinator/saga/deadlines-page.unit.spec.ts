import assert from 'node:assert/strict';
import type { UpcomingDeadline } from '../../../shared/process-manager/deadlines.ts';
import { deadlinesPage } from './deadlines-page.ts';

const due: UpcomingDeadline = {
  aggregateId: 'o1',
  kind: 'review',
  dueAt: new Date('2026-03-01T18:31:00.000Z'),
  ceilingAt: new Date('2026-03-01T19:30:00.000Z'),
  position: 7n,
  traceparent: 'a trace',
  correlationId: 'a submission',
  causedBy: 'an event',
  dueInMs: 1_234.5,
  ceilingInMs: 9,
  attempts: 2,
};

describe('the page of deadlines', () => {
  const asked: number[] = [];
  const page = deadlinesPage({
    upcoming: async (_ctx, limit) => {
      asked.push(limit);
      return [due];
    },
  });

  it('shows ids, kinds and times, and nothing else', async () => {
    assert.deepEqual(await page(new URLSearchParams('limit=3')), {
      deadlines: [
        {
          order_id: 'o1',
          kind: 'review',
          due_at: '2026-03-01T18:31:00.000Z',
          due_in_ms: 1_235,
          ceiling_at: '2026-03-01T19:30:00.000Z',
          attempts: 2,
        },
      ],
    });
    assert.equal(asked.at(-1), 3);
  });

  it('reads no more than it may, whatever it is asked for', async () => {
    for (const limit of ['0', '-1', '201', '1e9', 'all', '']) {
      await page(new URLSearchParams({ limit }));
      assert.equal(asked.at(-1), 50, limit);
    }
  });
});
