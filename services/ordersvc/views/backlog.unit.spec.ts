import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createMetrics, type Metrics } from '../../../shared/kit/metrics/metrics.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { recordingDatabase } from '../../../shared/testing/recording.ts';
import { scraped } from '../../../shared/testing/scraped.ts';
import { type Backlog, measuringBacklog } from './backlog.ts';
import { sqlReadModel } from './order-rows.ts';

describe('the backlog', () => {
  it('takes an order for overdue five seconds after its wait has ended, so that none is in normal operation', async () => {
    const beside = { side: 'orders', position: '7', at: new Date(0) };
    const row = { ...beside, status: 'Paid', orders: '3', overdue: '1' };
    const { database, statements } = recordingDatabase([row]);
    const { waiting } = await sqlReadModel(database, {
      paymentMs: 60_000,
      reviewMs: 30_000,
    }).backlog(background());
    assert.deepEqual(waiting, [{ status: 'Paid', orders: 3, overdue: 1 }]);
    assert.match(statements[0] ?? '', /'Pending' and created_at <= now\(\) - 65000::int8/);
    assert.match(statements[0] ?? '', /'Paid' and updated_at <= now\(\) - 35000::int8/);
  });
});

describe('the gauges of what waits', () => {
  const at = new Date('2026-11-22T21:00:10.000Z');
  let found: Backlog | Error;
  let looks: number;
  let metrics: Metrics;
  let measuring: ReturnType<typeof measuringBacklog>;

  beforeEach(async () => {
    looks = 0;
    found = { waiting: [{ status: 'Paid', orders: 3, overdue: 1 }], position: 7n, at };
    metrics = createMetrics('ordersvc');
    measuring = measuringBacklog({
      readModel: {
        backlog: async () => {
          looks++;
          if (found instanceof Error) throw found;
          return found;
        },
      },
      store: {
        head: async () => 9n,
        read: async (_ctx, { afterPosition }) => {
          assert.equal(afterPosition, 7n);
          const createdAt = new Date(at.getTime() - 4_000);
          return { events: [{ createdAt } as RecordedEvent], nextPosition: 0n };
        },
      },
      meter: metrics.meter,
      logger: silentLogger,
      lookMs: 1,
    });
    await measuring.start?.();
  });
  afterEach(async () => {
    await measuring.stop?.();
    await metrics.close();
  });

  async function told(): Promise<readonly string[]> {
    const enough = looks + 2;
    await eventually('looked', () => looks >= enough);
    return scraped(metrics).match(/^(orders_o|projection_lag).*$/gm) ?? [];
  }

  const whatWaits = [
    'orders_open{status="Pending"} 0',
    'orders_open{status="Paid"} 3',
    'orders_overdue{status="Pending"} 0',
    'orders_overdue{status="Paid"} 1',
    'projection_lag 2',
    'projection_lag_age_seconds 4',
  ];

  it('are the open and overdue orders by status, and how far the projection is behind', async () => {
    assert.deepEqual(await told(), whatWaits);
  });

  it('fall to 0 when nothing waits and all is projected', async () => {
    found = { waiting: [], position: 9n, at };
    assert.deepEqual(
      await told(),
      whatWaits.map((line) => line.replace(/\d$/, '0')),
    );
  });

  it('stay what they were while the read model does not answer', async () => {
    await told();
    found = new Error('away');
    assert.deepEqual(await told(), whatWaits);
  });
});
