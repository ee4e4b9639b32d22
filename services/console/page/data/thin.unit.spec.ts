import assert from 'node:assert/strict';
import { thin } from './thin.js';

const point = (second: number, accepted: number, p99?: number) => ({
  at: new Date(second * 1_000).toISOString(),
  head: 0,
  accepted,
  completed: 0,
  lag: {},
  ...(p99 !== undefined && { p99 }),
});
const lines = [
  { value: ({ accepted }: { accepted: number }) => accepted },
  { value: ({ p99 }: { p99?: number }) => p99, highest: true },
];

describe('the points of a chart', () => {
  it('of a few minutes are all there', () => {
    const [times, accepted, p99] = thin([point(7, 1), point(8, 2, 9)], lines);
    assert.deepEqual(
      [times, accepted, p99],
      [
        [7, 8],
        [1, 2],
        [null, 9],
      ],
    );
  });

  it('of an hour are few; of rates the mean counts, of latencies the highest', () => {
    const hour = Array.from({ length: 3_600 }, (_, n) => point(n, n % 2, n === 8 ? 500 : 10));
    const [times, accepted = [], p99 = []] = thin(hour, lines);
    assert.equal(times.length, 240);
    assert.deepEqual([times[1], p99[0], p99[1]], [15, 500, 10]);
    assert.ok(accepted.every((value) => Math.abs(Number(value) - 0.5) < 0.05));
  });

  it('that were taken together stay so when time goes on', () => {
    const [, before = []] = thin(
      Array.from({ length: 900 }, (_, n) => point(n, n)),
      lines,
    );
    const [, later = []] = thin(
      Array.from({ length: 900 }, (_, n) => point(n + 1, n + 1)),
      lines,
    );
    assert.deepEqual(later.slice(1, 200), before.slice(1, 200));
  });
});
