import assert from 'node:assert/strict';
import { pino } from 'pino';
import { background } from '../../shared/kit/context.ts';
import { minor } from '../../shared/money/money.ts';
import { loggingService } from './logging.ts';
import type { FoundOrder, OrderService, PlacedOrder } from './service.ts';

const order = {
  orderId: 'o1',
  customerId: 'c1',
  restaurantId: 'r1',
  amount: minor(2500),
  items: [],
  createdOn: '2026-01-02T03:04:05.678Z',
};
const placed: PlacedOrder = { order, version: 1n, replayed: false };
const found: FoundOrder = {
  order: { details: order, status: 'Pending', payment: 'none', reason: undefined, version: 1n },
  source: 'read model',
  stale: false,
  readModelError: undefined,
};

/** A logging service whose inner one finds what `finds` says, and its lines as `level: message`. */
function scene(level: string, finds: FoundOrder[] = []) {
  const lines: string[] = [];
  const logger = pino(
    { level, formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line: string) => {
        const { level, msg } = JSON.parse(line) as { level: string; msg: string };
        lines.push(`${level}: ${msg}`);
      },
    },
  );
  const inner: Partial<OrderService> = {
    place: async () => placed,
    get: async () => finds.shift() ?? found,
    cancel: async () => ({ order: found.order, changed: true }),
    approve: async () => ({ order: found.order, changed: false }),
    reject: async () => ({ order: found.order, changed: true }),
  };
  return { service: loggingService(inner as OrderService, logger), lines };
}
const request = { ...order, idempotencyKey: undefined };

describe('the log of the order service', () => {
  it('leaves the line of each request to the endpoint: an order is told of at debug', async () => {
    const info = scene('info');
    assert.equal(await info.service.place(background(), request), placed);
    assert.deepEqual(info.lines, []);
    const debug = scene('debug');
    await debug.service.place(background(), request);
    assert.deepEqual(debug.lines, ['debug: order placed']);
  });

  it('that a person changed the course of an order is told, once', async () => {
    const { service, lines } = scene('info');
    await service.cancel(background(), { orderId: 'o1' });
    await service.approve(background(), { orderId: 'o1' });
    await service.reject(background(), { orderId: 'o1', reason: 'closed' });
    assert.deepEqual(lines, [
      'info: order cancelled by its customer',
      'info: order rejected by its restaurant',
    ]);
  });

  it('an outage is told when it begins and when it ends, not for each order', async () => {
    const away = { ...found, source: 'log', readModelError: new Error('gone') } as const;
    const stale = { ...found, stale: true };
    const { service, lines } = scene('info', [
      found,
      away,
      away,
      found,
      found,
      stale,
      stale,
      found,
    ]);
    for (let n = 0; n < 8; n++) await service.get(background(), { orderId: 'o1' });
    assert.deepEqual(lines, [
      'warn: the read model is away: folding orders from the log',
      'info: the read model is back',
      'warn: the event store is away: showing orders from the read model',
      'info: the event store is back: orders are current again',
    ]);
  });
});
