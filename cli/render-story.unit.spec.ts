import assert from 'node:assert/strict';
import { orderEventCodec } from '../shared/contracts/events.ts';
import type { OrderEvent } from '../shared/domain/order.ts';
import type { ParkedLetter } from '../shared/eventstore/dead-letters.ts';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';
import { minor } from '../shared/money/money.ts';
import type { Delivered } from '../shared/story/order-waiting.ts';
import { tell } from '../shared/story/story.ts';
import { plain } from './paint.ts';
import { renderStory } from './render-story.ts';

const codec = orderEventCodec(2);
const began = Date.parse('2026-01-31T12:00:00.000Z');
const traceId = '0af7651916cd43dd8448eb211c80319c';
const url = `http://zipkin.test/zipkin/traces/${traceId}`;

const created: OrderEvent = {
  type: 'created',
  order: {
    orderId: 'o-1',
    customerId: 'c-1',
    restaurantId: 'trattoria',
    amount: minor(2125),
    items: [
      { code: 'P', name: 'Pizza', unitPrice: minor(950), quantity: 2 },
      { code: 'A', name: 'Acqua', unitPrice: minor(225), quantity: 1 },
    ],
    createdOn: '2026-01-31T12:00:00.000Z',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId: 'o-1',
  customerId: 'c-1',
  amount: minor(2125),
  paymentId: 'pay-1',
};
const voidRequested: OrderEvent = { type: 'voidrequested', orderId: 'o-1', reason: 'x' };

/** Events with the milliseconds since the first at which each was appended. */
function log(...events: [ms: number, event: OrderEvent | { eventType: string; data: string }][]) {
  return events.map(
    ([ms, event], index): RecordedEvent => ({
      eventId: `e-${index + 1}`,
      aggregateId: 'o-1',
      aggregateType: 'order',
      stream: 'ORDERS',
      version: BigInt(index + 1),
      position: BigInt(index + 11),
      createdAt: new Date(began + ms),
      metadata: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      ...('type' in event ? codec.encode(event) : event),
    }),
  );
}

function story(
  events: readonly RecordedEvent[],
  {
    nowMs = 0,
    letters = [] as readonly ParkedLetter[],
    delivered = undefined as Delivered | undefined,
  } = {},
): string[] {
  const told = tell(events, letters, {
    codec,
    decimals: 2,
    now: new Date(began + nowMs),
    deadlines: { paymentMs: 60_000, reviewMs: 90_000, ceilingMs: 3_600_000 },
    delivered,
    zipkinUrl: 'http://zipkin.test',
  });
  return renderStory(told, plain).split('\n');
}

const letter: ParkedLetter = {
  consumer: 'payment-worker',
  position: 11n,
  eventId: 'e-1',
  reason: 'gateway_away',
  lastError: 'The gateway is away.',
  deliveries: 12,
  traceparent: '',
  parkedAt: new Date(began + 50_000),
  state: 'parked',
  replays: 0,
  replayRequestedAt: undefined,
  resolvedAt: undefined,
  closedAt: undefined,
  closeReason: '',
};

const ordered =
  '  2026-01-31 12:00:00.000 UTC                customer c-1 ordered at restaurant trattoria: 2 × Pizza, 1 × Acqua; 21.25 in total';

describe('the story of an order', () => {
  it('an approved one: who did what and how long it took, and nobody is waited for', () => {
    const approved: OrderEvent = { type: 'approved', orderId: 'o-1', decidedBy: 'restaurant' };
    assert.deepEqual(story(log([0, created], [35, debited], [1_300, approved])), [
      'order o-1 is Approved, payment debited',
      '',
      ordered,
      '  2026-01-31 12:00:00.035 UTC        +35 ms  payment-worker took 21.25 (payment pay-1)',
      '  2026-01-31 12:00:01.300 UTC        +1.3 s  restaurant accepted the order',
      '',
      '3 events in 1.3 s.',
      'It has ended and waits for nothing; the money is kept.',
      `trace ${url}`,
    ]);
  });

  it('one that waits for its payment: until when, what happens then, and why it does not come', () => {
    const told = story(log([0, created]), { nowMs: 55_000, letters: [letter] });
    assert.deepEqual(told, [
      'order o-1 is Pending, payment none',
      '',
      ordered,
      '  ! payment-worker gave up on position 11 at 2026-01-31 12:00:50.000 UTC, after 12 deliveries: gateway_away (The gateway is away.); when you have fixed the cause: npx ordersctl dlq replay payment-worker 11',
      '',
      'It waits for the payment worker, to take the money.',
      'It waits until 2026-01-31 12:01:00.000 UTC (5 s from now), or a little longer if it left the queue only recently, by the deadlines configured here. Then the saga coordinator cancels it (payment_deadline) and requests a refund of what was taken.',
      'The answer will not come by itself: the message is a dead letter, see above.',
      `trace ${url}`,
    ]);
  });

  it('one that its worker was not given yet waits in the queue, until the ceiling at most', () => {
    const told = story(log([0, created]), {
      nowMs: 55_000,
      delivered: { payment: 10n, review: 100n },
    });
    assert.deepEqual(told.slice(4, 6), [
      'It waits in the queue of payment-worker, for the payment worker, to take the money.',
      'It waits until 2026-01-31 13:00:00.000 UTC (59 min 5 s from now), at most, by the deadlines configured here. Then the saga coordinator cancels it (payment_deadline) and requests a refund of what was taken.',
    ]);
    const review = (delivered: bigint) =>
      story(log([0, created], [1_000, debited]), {
        delivered: { payment: 11n, review: delivered },
      }).join();
    assert.match(review(11n), /It waits in the queue of review-worker/);
    assert.doesNotMatch(review(12n), /It waits in the queue/);
  });

  it('one that waits for its review counts from the payment, and says when that is overdue', () => {
    const told = story(log([0, created], [1_000, debited]), { nowMs: 211_000 });
    assert.ok(
      told.some((line) =>
        line.startsWith(
          'It waits until 2026-01-31 12:01:31.000 UTC (2 min ago: is the saga coordinator running?)',
        ),
      ),
      told.join('\n'),
    );
  });

  it('one that was cancelled by its deadline, whose debit came too late and was given back', () => {
    const told = story(
      log(
        [0, created],
        [
          60_000,
          {
            type: 'cancelled',
            orderId: 'o-1',
            decidedBy: 'saga-coordinator',
            reason: 'payment_deadline',
          },
        ],
        [60_020, voidRequested],
        [61_000, debited],
        [62_500, { type: 'paymentvoided', orderId: 'o-1', paymentId: 'pay-1' }],
      ),
    );
    assert.deepEqual(told.slice(0, -1), [
      'order o-1 is Cancelled (payment_deadline), payment voided',
      '',
      ordered,
      '  2026-01-31 12:01:00.000 UTC        +1 min  saga-coordinator cancelled the order: its payment did not arrive in time (payment_deadline)',
      '  2026-01-31 12:01:00.020 UTC        +20 ms  saga-coordinator requested a refund, in case money was taken',
      '  2026-01-31 12:01:01.000 UTC       +980 ms  payment-worker took 21.25 (payment pay-1), too late: the requested void covers it',
      '  2026-01-31 12:01:02.500 UTC        +1.5 s  payment-worker refunded the money (payment pay-1)',
      '',
      '5 events in 1 min 3 s.',
      'The payment was settled, 2.5 s after the order had ended.',
      'It has ended and waits for nothing.',
    ]);
  });

  it('one that was rejected and whose void is on its way', () => {
    const rejected: OrderEvent = {
      type: 'rejected',
      orderId: 'o-1',
      decidedBy: 'restaurant',
      reason: 'closed today',
    };
    const told = story(log([0, created], [10, debited], [20, rejected], [30, voidRequested]));
    assert.equal(told[0], 'order o-1 is Rejected (closed today), payment void requested');
    assert.deepEqual(told.slice(-3, -1), [
      'It waits for the payment worker, to refund the money.',
      'Meanwhile this is repeated until it succeeds; if nobody answers, the saga coordinator requests it again.',
    ]);
  });

  it('a decision that lost its race is told as one that changed nothing', () => {
    const cancelled: OrderEvent = {
      type: 'cancelled',
      orderId: 'o-1',
      decidedBy: 'customer',
      reason: 'changed my mind',
    };
    const approved: OrderEvent = { type: 'approved', orderId: 'o-1', decidedBy: 'restaurant' };
    const told = story(log([0, created], [1, debited], [2, cancelled], [3, approved]));
    assert.match(told[5] ?? '', /accepted the order, which changed nothing: it was Cancelled$/);
  });

  it('one whose event cannot be read is told all the same', () => {
    const told = story(log([0, { eventType: 'ORDERS.created', data: '{"order_id":"o-1"}' }]));
    assert.match(told[2] ?? '', /unknown ORDERS\.created that cannot be read/);
    assert.equal(told[4], 'Its status is unknown: no readable event creates it.');
  });
});
