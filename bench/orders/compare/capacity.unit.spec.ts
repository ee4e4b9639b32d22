import assert from 'node:assert/strict';
import { measureCapacity } from './capacity.ts';
import type { Row } from './report/report.ts';

describe('parts of the capacity', () => {
  it('are of what 64 callers had completed, and the overload lies between two calm times', async () => {
    const rates: unknown[] = [];
    const measure = async ({ load, part }: { load: object; part: string }, name: string) => {
      rates.push({ part, ...load });
      const completedPerSecond = { median: 400, min: 0, max: 0 };
      return { name, figures: { completedPerSecond } } as Row;
    };
    const rows = await measureCapacity({ steadyMs: 1_000, overloadMs: 2_000 }, measure);
    assert.deepEqual(rates, [
      { part: 'callers', callers: 64, ms: 1_000 },
      { part: 'capacity', callers: 1_000, rate: 240, orders: 240 },
      { part: 'capacity', callers: 1_000, rate: 1_200, orders: 2_400 },
      { part: 'capacity', callers: 1_000, rate: 240, orders: 240 },
    ]);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['0.6 of its capacity', '3 times its capacity', '0.6 of it again'],
    );
  });
});
