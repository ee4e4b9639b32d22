import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, causedBy } from '../../shared/kit/context.ts';
import { minor } from '../../shared/money/money.ts';
import type { Deadline, UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import type { DeadlineWrites } from '../../shared/process-manager/grouped-writes.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService, type SagaService } from './service.ts';

const codec = orderEventCodec(2);
const times = { payment: 60_000, review: 30_000, void: 300_000, ceiling: 3_600_000 };
const orderId = 'order-1';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(100),
    items: [],
    createdOn: '',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(100),
  paymentId: 'payment-1',
};
const cancelled: OrderEvent = { type: 'cancelled', orderId, decidedBy: 'customer', reason: 'no' };
const failed: OrderEvent = { type: 'paymentfailed', orderId, reason: 'declined' };
const ctx = causedBy(background('submission-1'), { eventId: 'cause-1' });

describe('saga service', () => {
  let store: EventStore;
  let rows: Map<string, Deadline<DeadlineKind>>;
  let reads: number;
  let service: SagaService;
  let clock: number;

  beforeEach(() => {
    clock = Date.UTC(2026, 0, 1);
    const log = createMemoryEventStore({ stream: ORDERS_STREAM, now: () => new Date(clock) });
    reads = 0;
    store = {
      ...log,
      readAggregate: (...args) => {
        reads++;
        return log.readAggregate(...args);
      },
    };
    rows = new Map();
    const writes: DeadlineWrites<DeadlineKind> = {
      async write({ put, remove }) {
        for (const deadline of put) rows.set(deadline.kind, deadline);
        for (const { kind } of remove) rows.delete(kind);
      },
    };
    service = createSagaService(store, gatheredWrites(writes, 0), times, codec);
  });

  /** The event that began the wait, where no row says it. */
  let begunBy: string;

  async function given(...events: OrderEvent[]): Promise<RecordedEvent> {
    for (const event of events) {
      clock += 1_000;
      await store.append(ctx, {
        events: [
          {
            eventId: `given-${clock}`,
            aggregateId: orderId,
            aggregateType: ORDER_AGGREGATE,
            metadata: { traceparent: `trace-of-${event.type}`, correlation_id: 'submission-1' },
            ...codec.encode(event),
          },
        ],
      });
    }
    const last = (await log()).at(-1);
    assert.ok(last);
    reads = 0;
    begunBy = last.eventId;
    return last;
  }

  const log = () => store.readAggregate(ctx, orderAggregate(orderId));
  const types = async () => (await log()).map(({ eventType }) => eventType.slice(7));
  const due = (kind: DeadlineKind): UpcomingDeadline<DeadlineKind> => ({
    aggregateId: orderId,
    kind,
    dueAt: new Date(clock),
    traceparent: '',
    correlationId: 'submission-1',
    causedBy: rows.get(kind)?.causedBy ?? begunBy,
    position: rows.get(kind)?.position ?? 0n,
    ceilingAt: new Date(clock),
    ceilingInMs: 0,
    dueInMs: -1,
    attempts: 0,
  });

  it('a deadline is due at its event’s time plus what is configured, and carries the trace', async () => {
    const event = await given(created);
    await service.follow(ctx, event);
    assert.deepEqual(
      [...rows.values()],
      [
        {
          aggregateId: orderId,
          kind: 'payment',
          dueAt: new Date(event.createdAt.getTime() + 60_000),
          position: event.position,
          ceilingAt: new Date(event.createdAt.getTime() + 3_600_000),
          traceparent: 'trace-of-created',
          correlationId: 'submission-1',
          causedBy: event.eventId,
        },
      ],
    );
  });

  it('an order on its usual path is followed without reading it', async () => {
    await service.follow(ctx, await given(created));
    await service.follow(ctx, await given(debited));
    assert.deepEqual([...rows.keys()], ['review']);
    await service.follow(ctx, await given({ type: 'approved', orderId, decidedBy: 'policy' }));
    assert.equal(reads, 0);
    assert.equal(rows.size, 0);
  });

  it('an order that still waits is due since when it does, whatever was heard of it later', async () => {
    const paid = await given(created, debited);
    await service.follow(ctx, await given(failed));
    assert.equal(rows.get('review')?.dueAt.getTime(), paid.createdAt.getTime() + 30_000);
    assert.equal(rows.get('review')?.causedBy, paid.eventId);
  });

  it('a cancelled order’s void is asked for once, under its derived id, in its submission', async () => {
    const event = await given(created, cancelled);
    assert.equal(await service.follow(ctx, event), 'void requested');
    assert.equal(await service.follow(ctx, event), 'nothing');
    const last = (await log()).at(-1);
    assert.equal(last?.eventType, 'ORDERS.voidrequested');
    assert.equal(last?.version, 3n);
    assert.equal(last?.eventId, derivedId('saga-coordinator', orderId, 'void'));
    assert.equal(last?.metadata.correlation_id, 'submission-1');
    assert.equal(last?.metadata.causation_id, 'cause-1');
  });

  it('a late success after a declined payment is voided', async () => {
    await service.follow(ctx, await given(created, failed));
    assert.deepEqual(await types(), ['created', 'paymentfailed']);
    assert.equal(await service.follow(ctx, await given(debited)), 'void requested');
  });

  it('a deadline cancels the order that stands still, under its derived id, and goes', async () => {
    await service.follow(ctx, await given(created));
    assert.equal(await service.fire(ctx, due('payment')), 'cancelled');
    const last = (await log()).at(-1);
    assert.equal(last?.eventType, 'ORDERS.cancelled');
    assert.equal(last?.eventId, derivedId('saga-coordinator', orderId, 'deadline:payment'));
    assert.deepEqual(JSON.parse(last?.data ?? ''), {
      order_id: orderId,
      reason: 'payment_deadline',
      decided_by: 'saga-coordinator',
    });
    assert.equal(rows.size, 0);
  });

  it('an order that was paid between the folding and the append is not cancelled', async () => {
    await given(created);
    const append = store.append;
    let raced = false;
    store.append = async (...args) => {
      if (!raced) {
        raced = true;
        store.append = append;
        await given(debited);
      }
      return append(...args);
    };
    assert.equal(await service.fire(ctx, due('payment')), 'nothing');
    assert.deepEqual(await types(), ['created', 'paymentdebited']);
  });

  const requests = async () =>
    (await log()).filter(({ eventType }) => eventType === 'ORDERS.voidrequested');

  it('a void that is asked for has a deadline at once, though nobody hears of the request', async () => {
    await service.follow(ctx, await given(created, debited, cancelled));
    const [request] = await requests();
    assert.ok(request);
    assert.deepEqual([...rows.keys()], ['void']);
    assert.equal(rows.get('void')?.causedBy, request.eventId);
    assert.equal(rows.get('void')?.position, request.position);
    assert.equal(rows.get('void')?.dueAt.getTime(), request.createdAt.getTime() + 300_000);
  });

  it('a void that nobody answers is asked for again and again, under ids of their own, later and later', async () => {
    await service.follow(ctx, await given(created, debited, cancelled));
    const waits: number[] = [];
    for (let n = 1; n <= 12; n++) {
      const last = (await requests()).at(-1);
      const row = rows.get('void');
      assert.ok(last && row);
      waits.push(row.dueAt.getTime() - last.createdAt.getTime());
      clock = row.dueAt.getTime();
      assert.equal(await service.fire(ctx, due('void')), 'void requested again');
    }
    assert.deepEqual(waits.slice(0, 4), [300_000, 600_000, 1_200_000, 2_400_000]);
    assert.equal(waits.at(-1), 86_400_000, 'a day at most');
    const ids = (await requests()).map(({ eventId }) => eventId);
    assert.deepEqual(ids.slice(0, 3), [
      derivedId('saga-coordinator', orderId, 'void'),
      derivedId('saga-coordinator', orderId, 'void:2'),
      derivedId('saga-coordinator', orderId, 'void:3'),
    ]);
    assert.equal(new Set(ids).size, 13);
  });

  it('of two that fire a void’s deadline one asks again', async () => {
    await service.follow(ctx, await given(created, debited, cancelled));
    const deadline = due('void');
    const outcomes = await Promise.all([1, 2].map(() => service.fire(ctx, deadline)));
    assert.ok(outcomes.includes('void requested again'));
    assert.equal(await service.fire(ctx, deadline), 'nothing', 'and a third, later');
    assert.equal((await requests()).length, 2);
  });

  it('a void that was answered is not asked for again, and its deadline goes', async () => {
    await service.follow(ctx, await given(created, debited, cancelled));
    const deadline = due('void');
    const answered = await given({ type: 'paymentvoided', orderId, paymentId: 'payment-1' });
    assert.equal(await service.fire(ctx, deadline), 'nothing');
    assert.equal(rows.size, 0);
    assert.equal(await service.follow(ctx, answered), 'nothing');
    assert.equal((await requests()).length, 1);
  });

  it('money that was taken for an order which is not there is asked back', async () => {
    assert.equal(await service.follow(ctx, await given(debited)), 'void requested');
    assert.deepEqual(await types(), ['paymentdebited', 'voidrequested']);
    assert.deepEqual([...rows.keys()], ['void']);
  });

  it('fired twice at once it is cancelled once', async () => {
    await given(created, debited);
    const outcomes = await Promise.all([1, 2].map(() => service.fire(ctx, due('review'))));
    assert.ok(outcomes.includes('cancelled'));
    assert.deepEqual(await types(), ['created', 'paymentdebited', 'cancelled']);
  });
});
