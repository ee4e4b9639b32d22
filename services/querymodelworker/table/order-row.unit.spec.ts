import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fold, initialState, type OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { minor } from '../../../shared/money/money.ts';
import { foldRow, type OrderRow, stateOf } from './order-row.ts';

const orderId = 'order-1';
const text = fc.string({ maxLength: 8 });
const amount = fc.integer({ min: 0, max: 1_000_000 }).map(minor);

/** Objects as a program makes them; without it some would have no prototype. */
const plain = { noNullPrototype: true } as const;
const id = fc.constant(orderId);
const type = <T extends OrderEvent['type']>(name: T) => fc.constant(name);

/** Any event of one order that holds such texts, in any order: what is in the log need not make sense. */
function eventOf(text: fc.Arbitrary<string>): fc.Arbitrary<OrderEvent> {
  const item = fc.record(
    { code: text, name: text, unitPrice: amount, quantity: fc.integer({ min: 1, max: 9 }) },
    plain,
  );
  const order = fc.record(
    {
      orderId: id,
      customerId: text,
      restaurantId: text,
      amount,
      createdOn: text,
      items: fc.array(item, { maxLength: 3 }),
    },
    plain,
  );
  const decided = { orderId: id, decidedBy: text };
  return fc.oneof(
    fc.record({ type: type('created'), order }, plain),
    fc.record(
      { type: type('paymentdebited'), orderId: id, customerId: text, amount, paymentId: text },
      plain,
    ),
    fc.record({ type: type('paymentfailed'), orderId: id, reason: text }, plain),
    fc.record({ type: type('approved'), ...decided }, plain),
    fc.record({ type: type('rejected'), ...decided, reason: text }, plain),
    fc.record({ type: type('cancelled'), ...decided, reason: text }, plain),
  );
}
const anyEvent = eventOf(text);

function recorded(version: number): RecordedEvent {
  return {
    eventId: `event-${version}`,
    eventType: 'ORDERS.any',
    aggregateId: orderId,
    aggregateType: 'order',
    data: '',
    metadata: {},
    stream: 'ORDERS',
    version: BigInt(version),
    position: BigInt(version * 10),
    createdAt: new Date(version * 1_000),
  };
}

function foldAll(events: readonly OrderEvent[], from?: OrderRow, firstVersion = 1) {
  return events.reduce<OrderRow | undefined>(
    (row, event, index) => foldRow(row, recorded(firstVersion + index), event),
    from,
  );
}

/** As a row comes back from the database: same values, other objects. */
const stored = (row: OrderRow | undefined) => (row === undefined ? undefined : { ...row });

describe('order row', () => {
  it('folding in batches of any split gives what folding all at once gives', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), fc.nat(12), (events, where) => {
        const split = Math.min(where, events.length);
        const first = stored(foldAll(events.slice(0, split)));
        assert.deepEqual(foldAll(events.slice(split), first, split + 1), foldAll(events));
      }),
    );
  });

  it('a row stands for the state that its events fold to', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), (events) => {
        const row = foldAll(events);
        const state = row === undefined ? initialState : stateOf(row);
        assert.deepEqual(state, fold(events));
      }),
    );
  });

  it('an event that the row has already changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 12 }), fc.nat(11), (events, n) => {
        const row = foldAll(events);
        const again = Math.min(n, events.length - 1);
        const event = events[again] as OrderEvent;
        assert.equal(row && foldRow(row, recorded(again + 1), event), row);
      }),
    );
  });

  it('an order whose creation is missing is folded all the same', () => {
    const row = foldRow(undefined, recorded(2), {
      type: 'paymentdebited',
      orderId,
      customerId: 'c',
      amount: minor(100),
      paymentId: 'p',
    });
    assert.deepEqual([row.status, row.payment, row.version], ['None', 'debited', 2n]);
  });

  it('holds neither a NUL nor half of a surrogate pair, whatever its events hold', () => {
    const unit = fc.constantFrom('\0', 'a', '\ud83d', '\ude00');
    const withNul = fc.string({ unit, minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(eventOf(withNul), { minLength: 1, maxLength: 6 }), (events) => {
        const row = foldAll(events);
        const texts = Object.values(row ?? {}).filter((value) => typeof value === 'string');
        assert.deepEqual(
          texts.filter((value) => value.includes('\0') || !value.isWellFormed()),
          [],
        );
      }),
    );
  });

  it('keeps a NUL in an item: JSON has its own way to say it', () => {
    const items = [{ code: '\0', name: 'x\0', unitPrice: minor(1), quantity: 1 }];
    const order = { orderId, customerId: 'c', restaurantId: 'r', amount: minor(1), createdOn: 'd' };
    const row = foldRow(undefined, recorded(1), { type: 'created', order: { ...order, items } });
    assert.deepEqual(stateOf(row).details?.items, items);
  });

  it('shows a NUL in a reason as what cannot be shown', () => {
    const order = { orderId, customerId: '', restaurantId: '', amount: minor(1), items: [] };
    const row = foldAll([
      { type: 'created', order: { ...order, createdOn: '' } },
      { type: 'cancelled', orderId, decidedBy: '', reason: 'a\0b' },
    ]);
    assert.equal(row?.reason, 'a\ufffdb');
  });

  it('has nothing where nothing is known, and when and where it was last changed', () => {
    const unknown: OrderEvent = { type: 'paymentfailed', orderId, reason: '' };
    const row = foldRow(undefined, recorded(1), unknown);
    assert.deepEqual(row, {
      orderId,
      customerId: '',
      restaurantId: '',
      status: 'None',
      payment: 'failed',
      amountMinor: 0n,
      items: '[]',
      createdOn: '',
      reason: null,
      version: 1n,
      position: 10n,
      createdAt: '1970-01-01T00:00:01.000Z',
      updatedAt: '1970-01-01T00:00:01.000Z',
    });
    const later = foldRow(row, recorded(2), { type: 'approved', orderId, decidedBy: '' });
    assert.deepEqual(
      [later.createdAt, later.updatedAt, later.position],
      ['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:02.000Z', 20n],
    );
  });
});
