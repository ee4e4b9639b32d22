import assert from 'node:assert/strict';
import { batchSizes, readMetrics } from './scrape.ts';

const page = (lines: number, count: number, position: number) =>
  readMetrics(
    [
      '# HELP batch_items Requests that shared a call.',
      `batch_items_count{batch="ledger lines"} ${count}`,
      `batch_items_sum{batch="ledger lines"} ${lines}`,
      `batch_items_bucket{batch="ledger lines",le="5"} 1`,
      `position{stream="A"} ${position}`,
      'position{stream="B"} 1 1700000000000',
    ].join('\n'),
  );

describe('the metrics of a service', () => {
  it('are read by name, whatever their labels, and without buckets', () => {
    const metrics = page(6, 2, 40);
    assert.equal(metrics.get('position'), 41);
    assert.deepEqual(
      [...metrics.keys()],
      ['batch_items_count of ledger lines', 'batch_items_sum of ledger lines', 'position'],
    );
  });

  it('tell how large the batches were between two looks', () => {
    assert.deepEqual([...batchSizes(page(6, 2, 0), page(66, 5, 0))], [['ledger lines', 20]]);
    assert.deepEqual([...batchSizes(page(6, 2, 0), page(6, 2, 0))], []);
  });
});
