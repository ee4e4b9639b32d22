import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { background } from '../../shared/kit/context.ts';
import { loggingService } from './logging.ts';
import type { Projected, QueryModelService } from './service.ts';

describe('query model logging', () => {
  const ctx = background('submission-1');

  async function linesFor(projected: Projected): Promise<Record<string, unknown>[]> {
    const lines: Record<string, unknown>[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)));
        done();
      },
    });
    const service: QueryModelService = {
      checkpoint: async () => 0n,
      project: async () => projected,
    };
    await loggingService(service, pino(stream)).project(ctx, { after: 0n, events: [] });
    return lines;
  }

  it('an event that could not be read raises an alarm with all that is needed to find it', async () => {
    const failure = {
      position: 7n,
      eventId: 'event-7',
      eventType: 'ORDERS.created',
      orderId: 'order-1',
      reason: 'no amount',
    };
    const [line, ...others] = await linesFor({
      position: 8n,
      applied: true,
      unknown: 0,
      failures: [failure],
      ended: [],
    });
    assert.equal(others.length, 0);
    assert.equal(line?.level, 50);
    assert.equal(line?.position, '7');
    assert.equal(line?.event_id, 'event-7');
    assert.equal(line?.order_id, 'order-1');
    assert.equal(line?.reason, 'no amount');
  });

  it('a batch like any other is not worth a line', async () => {
    assert.deepEqual(
      await linesFor({ position: 8n, applied: true, unknown: 3, failures: [], ended: [] }),
      [],
    );
  });
});
