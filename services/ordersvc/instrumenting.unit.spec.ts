import assert from 'node:assert/strict';
import { type Span, trace } from '@opentelemetry/api';
import { background, withTelemetry } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { noMeter } from '../../shared/kit/metrics/meter.ts';
import { minor } from '../../shared/money/money.ts';
import { type Measurement, recordingMeter } from '../../shared/testing/recording.ts';
import { instrumentingService } from './instrumenting.ts';
import type { OrderService } from './service.ts';
import type { OrderView } from './views/order-view.ts';

const order = {
  orderId: 'o1',
  customerId: 'c1',
  restaurantId: 'r1',
  amount: minor(0),
  items: [],
  createdOn: '',
};
const view: OrderView = {
  details: order,
  status: 'Pending',
  payment: 'none',
  reason: undefined,
  version: 1n,
};
const inner: Partial<OrderService> = {
  place: async (_ctx, { idempotencyKey }) => ({
    order,
    version: 1n,
    replayed: idempotencyKey !== undefined,
  }),
  get: async () => ({
    order: view,
    source: 'log',
    stale: false,
    readModelError: undefined,
  }),
  cancel: async () => ({ order: view, changed: true }),
  approve: async () => ({ order: view, changed: false }),
  reject: async () => {
    throw new CodedError('conflict', 'order_ended', 'It is over.');
  },
};
const request = { ...order, idempotencyKey: undefined };

const counted = (measurements: readonly Measurement[]) =>
  measurements.map(({ instrument, attributes }) => [instrument, attributes]);

describe('the instruments of the order service', () => {
  it('orders placed are told from those that a retry asked for again', async () => {
    const { meter, measurements } = recordingMeter();
    const service = instrumentingService(inner as OrderService, meter);
    await service.place(background(), request);
    await service.place(background(), { ...request, idempotencyKey: 'k' });
    await service.get(background(), { orderId: 'o1' });
    assert.deepEqual(counted(measurements), [
      ['orders_placed_total', { replayed: false }],
      ['orders_placed_total', { replayed: true }],
      ['orders_read_total', { source: 'log', stale: false }],
    ]);
  });

  it('decisions are counted by what came of them, the refused ones too', async () => {
    const { meter, measurements } = recordingMeter();
    const service = instrumentingService(inner as OrderService, meter);
    await service.cancel(background(), { orderId: 'o1' });
    await service.approve(background(), { orderId: 'o1' });
    await assert.rejects(service.reject(background(), { orderId: 'o1', reason: 'closed' }));
    assert.deepEqual(counted(measurements), [
      ['orders_decided_total', { command: 'cancel', outcome: 'done' }],
      ['orders_decided_total', { command: 'approve', outcome: 'already_so' }],
      ['orders_decided_total', { command: 'reject', outcome: 'order_ended' }],
    ]);
  });

  it("a placed order's trace is found by the order's id", async () => {
    const tags: Record<string, unknown> = {};
    const span = { setAttribute: (name: string, value: unknown) => (tags[name] = value) };
    const root = background();
    const ctx = withTelemetry(root, trace.setSpan(root.telemetry, span as unknown as Span));
    await instrumentingService(inner as OrderService, noMeter).place(ctx, request);
    assert.deepEqual(tags, { 'order.id': 'o1' });
  });
});
