import assert from 'node:assert/strict';
import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { exposedName } from '../../shared/kit/metrics/metric.ts';
import { createMetrics } from '../../shared/kit/metrics/metrics.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { recordingDatabase } from '../../shared/testing/recording.ts';
import { scraped } from '../../shared/testing/scraped.ts';
import { waitingDeadlines } from './waiting-deadlines.ts';

describe('the gauges of deadlines', () => {
  it('count as late only what has been due for five seconds, so that none is late in normal operation', async () => {
    const { database, statements } = recordingDatabase([
      { kind: 'review', waiting: '7', due: '2' },
    ]);
    const metrics = createMetrics('sagacoordinator');
    const gauges = waitingDeadlines(database, {
      meter: metrics.meter,
      logger: silentLogger,
      lookMs: 60_000,
    });
    await gauges.start?.();
    const due = `${exposedName(orderMetrics.deadlinesDue)}{kind="review"} 2`;
    await eventually('looked', () => scraped(metrics).includes(due));
    assert.match(statements[0] ?? '', /due_at <= now\(\) - 5000::int8 \* interval '1 millisecond'/);
    await gauges.stop?.();
    await metrics.close();
  });
});
