import assert from 'node:assert/strict';
import { type Attributes, type Meter, type Span, trace } from '@opentelemetry/api';
import { minor } from '../../shared/domain/money.ts';
import { background, withTelemetry } from '../../shared/kit/context.ts';
import { noMeter } from '../../shared/kit/metrics.ts';
import { instrumentingService } from './instrumenting.ts';
import type { OrderService } from './service.ts';

const order = {
  orderId: 'o1',
  customerId: 'c1',
  restaurantId: 'r1',
  amount: minor(0),
  items: [],
  createdOn: '',
};
const inner: OrderService = {
  place: async (_ctx, { idempotencyKey }) => ({
    order,
    version: 1n,
    replayed: idempotencyKey !== undefined,
  }),
  get: async () => ({
    order: { details: order, status: 'Pending', payment: 'none', reason: undefined, version: 1n },
    source: 'log',
    stale: false,
    readModelError: undefined,
  }),
  list: async () => assert.fail(),
  history: async () => assert.fail(),
};
const request = { ...order, idempotencyKey: undefined };

describe('the instruments of the order service', () => {
  it('orders placed are told from those that a retry asked for again', async () => {
    const counted: [string, Attributes | undefined][] = [];
    const meter: Meter = Object.create(noMeter, {
      createCounter: {
        value: (name: string) => ({
          add: (_n: number, attributes?: Attributes) => counted.push([name, attributes]),
        }),
      },
    });
    const service = instrumentingService(inner, meter);
    await service.place(background(), request);
    await service.place(background(), { ...request, idempotencyKey: 'k' });
    await service.get(background(), 'o1');
    assert.deepEqual(counted, [
      ['orders_placed', { replayed: false }],
      ['orders_placed', { replayed: true }],
      ['orders_read', { source: 'log', stale: false }],
    ]);
  });

  it("a placed order's trace is found by the order's id", async () => {
    const tags: Record<string, unknown> = {};
    const span = { setAttribute: (name: string, value: unknown) => (tags[name] = value) };
    const root = background();
    const ctx = withTelemetry(root, trace.setSpan(root.telemetry, span as unknown as Span));
    await instrumentingService(inner, noMeter).place(ctx, request);
    assert.deepEqual(tags, { 'order.id': 'o1' });
  });
});
