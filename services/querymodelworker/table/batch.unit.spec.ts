import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { minor } from '../../../shared/money/money.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { foldBatch, refuseGaps } from './batch.ts';

const codec = orderEventCodec(2);
const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'c',
    restaurantId: 'r',
    amount: minor(100),
    items: [{ code: 'p', name: 'Pizza', unitPrice: minor(100), quantity: 1 }],
    createdOn: '2026-01-01T12:00:00.000Z',
  },
});
const approved = (orderId: string): OrderEvent => ({ type: 'approved', orderId, decidedBy: 'x' });

let position = 0n;
function recorded(orderId: string, version: bigint, event: OrderEvent | Partial<RecordedEvent>) {
  position++;
  return {
    ...anEvent({ aggregateId: orderId }),
    ...('type' in event ? codec.encode(event) : event),
    stream: 'ORDERS',
    version,
    position,
    createdAt: new Date(0),
  };
}

describe('a batch of events', () => {
  beforeEach(() => {
    position = 0n;
  });

  it('is folded into the rows there are and into those of the batch itself', () => {
    const first = foldBatch(codec, new Map(), [
      recorded('a', 1n, created('a')),
      recorded('b', 1n, created('b')),
      recorded('a', 2n, approved('a')),
    ]);
    const seen = [...first.changed].map(([id, { status, version }]) => [id, status, version]);
    assert.deepEqual(seen, [
      ['a', 'Approved', 2n],
      ['b', 'Pending', 1n],
    ]);
    assert.deepEqual([first.failures, first.unknown], [[], 0]);

    const repeated = recorded('a', 2n, approved('a'));
    const second = foldBatch(codec, first.changed, [repeated, recorded('b', 2n, approved('b'))]);
    assert.deepEqual([...second.changed.keys()], ['b'], 'only what changed');
    assert.equal(second.changed.get('b')?.status, 'Approved');
  });

  it('goes on past what it does not know, and past other aggregates, and counts them', () => {
    const { changed, failures, unknown } = foldBatch(codec, new Map(), [
      recorded('a', 1n, { eventType: 'ORDERS.somethingelse', data: '{}' }),
      recorded('a', 1n, { ...codec.encode(created('a')), aggregateType: 'basket' }),
    ]);
    assert.deepEqual([changed.size, failures, unknown], [0, [], 2]);
  });

  it('moves a row past an event of a newer release, and changes nothing else of it', () => {
    const later = recorded('a', 3n, { eventType: 'ORDERS.somethingelse', data: '{}' });
    const { changed, unknown } = foldBatch(codec, new Map(), [
      recorded('a', 1n, created('a')),
      recorded('a', 2n, approved('a')),
      { ...later, createdAt: new Date(5), position: 9n },
    ]);
    const passed = changed.get('a');
    assert.deepEqual(
      [passed?.version, passed?.position, passed?.updatedAt, passed?.status, unknown],
      [3n, 9n, '1970-01-01T00:00:00.005Z', 'Approved', 1],
    );
    // Its order goes on from there, and what was delivered before changes nothing.
    const again = foldBatch(codec, changed, [
      { ...later, aggregateType: 'basket', version: 4n },
      later,
      recorded('a', 4n, { type: 'voidrequested', orderId: 'a', reason: '' }),
    ]);
    const { version, payment } = again.changed.get('a') ?? {};
    assert.deepEqual([version, payment], [4n, 'void_requested']);
  });

  it('goes on past what it cannot read, and says which event it was and why', () => {
    const spoilt = recorded('a', 1n, { eventType: 'ORDERS.created', data: '{' });
    const { changed, failures, unknown } = foldBatch(codec, new Map(), [
      spoilt,
      recorded('b', 1n, created('b')),
    ]);
    assert.deepEqual([[...changed.keys()], unknown], [['b'], 0]);
    assert.deepEqual(failures, [
      {
        position: 1n,
        eventId: spoilt.eventId,
        eventType: 'ORDERS.created',
        orderId: 'a',
        reason: 'The payload of ORDERS.created of order a cannot be read.',
      },
    ]);
  });

  it('does not take a fault of ours for an event that cannot be read', () => {
    const broken = {
      ...codec,
      decode: (): never => {
        throw new TypeError('a fault');
      },
    };
    const batch = [recorded('a', 1n, created('a'))];
    assert.throws(() => foldBatch(broken, new Map(), batch), /a fault/);
  });

  it('is refused where an event is missing, or stands in another place', () => {
    const batch = [recorded('a', 1n, created('a')), recorded('a', 2n, approved('a'))];
    refuseGaps(0n, batch);
    refuseGaps(7n, []);
    for (const [after, events] of [
      [1n, batch],
      [0n, batch.slice(1)],
      [0n, batch.toReversed()],
    ] as const) {
      assert.throws(
        () => refuseGaps(after, events),
        (error) =>
          error instanceof CodedError &&
          error.kind === 'internal' &&
          error.code === 'gap_in_events',
      );
    }
  });
});
