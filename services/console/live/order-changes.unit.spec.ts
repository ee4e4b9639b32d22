import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { minor } from '../../../shared/money/money.ts';
import { createOrderChanges } from './order-changes.ts';

const codec = orderEventCodec(2);
const patience = { paymentMs: 60_000, reviewMs: 30_000 };
const began = Date.parse('2026-03-01T18:30:00.000Z');

const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'ada',
    restaurantId: 'trattoria',
    amount: minor(1_900),
    items: [{ code: 'P1', name: 'Pizza', unitPrice: minor(950), quantity: 2 }],
    createdOn: new Date(began).toISOString(),
  },
});
const debited = (orderId: string): OrderEvent => ({
  type: 'paymentdebited',
  orderId,
  customerId: 'ada',
  amount: minor(1_900),
  paymentId: 'p1',
});
const approved = (orderId: string): OrderEvent => ({
  type: 'approved',
  orderId,
  decidedBy: 'policy',
});

/** A log: each event gets the next position, and `ms` after the beginning. */
function log() {
  let position = 0n;
  const versions = new Map<string, bigint>();
  return (orderId: string, event: OrderEvent, ms = 0): RecordedEvent => {
    const version = (versions.get(orderId) ?? 0n) + 1n;
    versions.set(orderId, version);
    return {
      ...codec.encode(event),
      eventId: `e${++position}`,
      aggregateId: orderId,
      aggregateType: ORDER_AGGREGATE,
      stream: ORDERS_STREAM,
      metadata: {},
      version,
      position,
      createdAt: new Date(began + ms),
    };
  };
}

describe('what changes in the log', () => {
  it('is told once, the last change first, and by name only as much as asked for', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([
      at('a', created('a')),
      at('b', created('b')),
      at('c', created('c')),
      at('a', debited('a')),
    ]);
    const { newest, changed } = changes.look(2);
    assert.deepEqual(
      newest.map(({ orderId, state, version }) => [orderId, state.status, version]),
      [
        ['a', 'Paid', 2],
        ['c', 'Pending', 1],
      ],
    );
    assert.equal(changed, 3);
    assert.deepEqual(changes.look(2), { newest: [], partly: [], changed: 0 });
  });

  it('orders that began before are known partly, until their first events are given', () => {
    const at = log();
    const all = [at('a', created('a')), at('a', debited('a'), 10)];
    const changes = createOrderChanges(codec, patience);
    changes.take(all.slice(1));
    assert.deepEqual(changes.look(5).partly, ['a']);
    assert.deepEqual(changes.of(['a']), []);
    changes.complete('a', all);
    const [order] = changes.of(['a']);
    assert.equal(order?.state.status, 'Paid');
    assert.equal(order?.state.details?.customerId, 'ada');
  });

  it('counts what was accepted and what ended, and how long it took', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([at('a', created('a')), at('b', created('b'))]);
    changes.take([at('a', debited('a'), 10), at('a', approved('a'), 25)]);
    assert.deepEqual([changes.accepted, changes.completed], [2, 1]);
    assert.deepEqual(changes.journeys(), [25]);
    assert.deepEqual(changes.journeys(), [], 'told once');
  });

  it('counts open orders by what they wait for, and those that waited too long', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([
      at('a', created('a')),
      at('b', created('b')),
      at('b', debited('b'), 1_000),
      at('c', created('c')),
      at('c', debited('c'), 1_000),
      at('c', approved('c'), 1_000),
    ]);
    assert.deepEqual(changes.open(began + 31_000), { Pending: 1, Paid: 1, overdue: 0 });
    changes.take([at('b', approved('b'), 31_000)]);
    assert.deepEqual(changes.open(began + 31_000), { Pending: 1, Paid: 0, overdue: 0 });
    changes.take([at('d', created('d'), 31_000), at('d', debited('d'), 1_000)]);
    assert.deepEqual(changes.open(began + 31_001), { Pending: 1, Paid: 1, overdue: 1 });
    assert.deepEqual(changes.open(began + 60_001), { Pending: 1, Paid: 1, overdue: 2 });
  });

  it('what was there before is known, and neither told nor counted', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([at('a', created('a')), at('b', created('b')), at('b', debited('b'))], true);
    assert.deepEqual(changes.look(5), { newest: [], partly: [], changed: 0 });
    assert.equal(changes.accepted, 0);
    assert.deepEqual(changes.open(began), { Pending: 1, Paid: 1, overdue: 0 });
    changes.take([at('b', approved('b'), 5)]);
    assert.deepEqual([changes.completed, changes.journeys()], [1, [5]]);
  });

  it('an event that nobody can read stops nothing', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    const broken = { ...at('a', approved('a')), data: '{"order_id":7}', version: 2n };
    changes.take([at('b', created('b')), broken]);
    assert.deepEqual(
      changes.look(5).newest.map(({ orderId }) => orderId),
      ['a', 'b'],
    );
  });

  it('counts go by the types of events, whatever is in them', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([at('a', created('a')), { ...at('a', debited('a')), data: 'broken' }]);
    assert.deepEqual(changes.open(began), { Pending: 0, Paid: 1, overdue: 0 });
    assert.equal(changes.look(1).newest[0]?.state.status, 'Pending', 'a row has what can be read');
  });

  it('each event without its payload leads where the whole one leads', () => {
    const at = log();
    const ended = { orderId: 'a', decidedBy: 'x', reason: 'y' };
    const requested: OrderEvent = { type: 'voidrequested', orderId: 'a', reason: 'y' };
    const voided: OrderEvent = { type: 'paymentvoided', orderId: 'a', paymentId: 'p1' };
    const ways: readonly (readonly OrderEvent[])[] = [
      [debited('a'), approved('a')],
      [debited('a'), { type: 'rejected', ...ended }, requested, voided],
      [{ type: 'cancelled', ...ended }, debited('a'), requested, voided],
      [{ type: 'paymentfailed', orderId: 'a', reason: 'y' }, approved('a')],
    ];
    for (const way of ways) {
      const changes = createOrderChanges(codec, patience);
      for (const event of [created('a'), ...way]) {
        changes.take([at('a', event)]);
        const status = changes.of(['a'])[0]?.state.status ?? '';
        const { Pending, Paid } = changes.open(began);
        assert.deepEqual([Pending, Paid], [+(status === 'Pending'), +(status === 'Paid')]);
      }
      assert.equal(changes.completed, 1);
    }
  });

  it('an order that has ended is forgotten once it was told, unless a refund is awaited', () => {
    const at = log();
    const cancelled: OrderEvent = { type: 'cancelled', orderId: 'b', decidedBy: 'x', reason: 'y' };
    const changes = createOrderChanges(codec, patience);
    changes.take([at('a', created('a')), at('b', created('b')), at('c', created('c'))]);
    changes.take([at('a', debited('a')), at('a', approved('a')), at('b', cancelled)]);
    const known = () => changes.of(['a', 'b', 'c']).map(({ orderId }) => orderId);
    changes.look(5);
    assert.deepEqual(known(), ['a', 'b', 'c']);
    changes.look(5);
    assert.deepEqual(known(), ['b', 'c']);
    changes.take([at('a', debited('a'))]);
    assert.deepEqual(changes.look(5).partly, ['a'], 'what comes later is read whole');
  });

  it('of events that are no order’s it knows only where they are', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([{ ...at('a', created('a')), aggregateType: 'parcel' }]);
    assert.deepEqual([changes.accepted, changes.look(5).changed], [0, 0]);
    assert.deepEqual([...changes.lastOf.values()], [1]);
  });

  it('remembers so many orders, and forgets those that changed longest ago', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience, 2);
    changes.take(['a', 'b', 'c'].map((id) => at(id, created(id))));
    assert.deepEqual(
      changes.of(['a', 'b', 'c']).map(({ orderId }) => orderId),
      ['b', 'c'],
    );
    assert.equal(changes.open(began).Pending, 3, 'open ones are counted all the same');
  });

  it('open orders that it forgot are seen to go on, and to end', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience, 1);
    changes.take(['a', 'b', 'c'].map((id) => at(id, created(id))));
    changes.take([at('a', debited('a'), 1_000), at('b', debited('b'), 1_000)]);
    assert.deepEqual(changes.open(began + 31_001), { Pending: 1, Paid: 2, overdue: 2 });
    changes.take([at('a', approved('a'), 2_000)]);
    assert.deepEqual(changes.open(began), { Pending: 1, Paid: 1, overdue: 0 });
    assert.deepEqual([changes.completed, changes.journeys()], [1, [2_000]]);
    assert.deepEqual(changes.of(['a']), [], 'what it was is not known');
  });

  it('an order that began before and ended is given whole, and is not open', () => {
    const at = log();
    const all = [at('a', created('a')), at('a', debited('a')), at('a', approved('a'))];
    const changes = createOrderChanges(codec, patience);
    changes.take(all.slice(1, 2));
    changes.complete('a', all.slice(0, 2));
    assert.equal(changes.open(began).Paid, 1);
    changes.take(all.slice(2));
    assert.deepEqual(changes.open(began), { Pending: 0, Paid: 0, overdue: 0 });
    assert.equal(changes.completed, 1);
  });

  it('forgets everything but what it counted', () => {
    const at = log();
    const changes = createOrderChanges(codec, patience);
    changes.take([at('a', created('a')), at('b', created('b')), at('b', debited('b'))]);
    changes.forget();
    assert.deepEqual(changes.open(began), { Pending: 0, Paid: 0, overdue: 0 });
    assert.deepEqual([changes.look(5).changed, changes.of(['a']), changes.lastOf.size], [0, [], 0]);
    assert.equal(changes.accepted, 2);
  });
});
