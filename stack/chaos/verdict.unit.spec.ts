import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { minor } from '../../shared/money/money.ts';
import type { Deed, Told } from './person.ts';
import { judge, type Rules } from './verdict.ts';
import type { Kind } from './wishes.ts';

const codec = orderEventCodec(2);
const orderId = 'o-1';
const began = Date.UTC(2026, 0, 31);
const customerId = 'ann';
const DEADLINE_MS = 5_000;
const amount = minor(1_112);
const rules: Rules = { codec, deadlineMs: DEADLINE_MS, silences: [] };

const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId,
    restaurantId: 'trattoria',
    amount,
    items: [{ code: 'a', name: 'A', unitPrice: amount, quantity: 1 }],
    createdOn: '2026-01-31T12:00:00.000Z',
  },
};
const debited: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId,
  amount,
  paymentId: 'p',
};
const failed: OrderEvent = { type: 'paymentfailed', orderId, reason: 'no credit' };
const approved: OrderEvent = { type: 'approved', orderId, decidedBy: 'review' };
const rejected: OrderEvent = { type: 'rejected', orderId, decidedBy: 'review', reason: 'closed' };
const voided: OrderEvent = { type: 'paymentvoided', orderId, paymentId: 'p' };
const cancelled = (reason: string): OrderEvent => ({
  type: 'cancelled',
  orderId,
  decidedBy: 'saga',
  reason,
});

/** The events of order o-1, `gapMs` apart. */
const history = (events: readonly OrderEvent[], gapMs = 100): readonly RecordedEvent[] =>
  events.map((event, index) => ({
    eventId: `e-${index}`,
    aggregateId: orderId,
    aggregateType: ORDER_AGGREGATE,
    metadata: {},
    stream: ORDERS_STREAM,
    version: BigInt(index + 1),
    position: BigInt(index + 1),
    createdAt: new Date(began + index * gapMs),
    ...codec.encode(event),
  }));

const told = (kind: Kind, deeds: readonly Deed[] = []): Told => ({
  wish: {
    n: 0,
    kind,
    key: 'k',
    customerId,
    amountMinor: amount,
    body: '',
    twice: false,
    looks: false,
    cancelsAfterMs: 0,
  },
  sentAt: 0,
  orderId,
  failed: 0,
  deeds: [...deeds],
  problems: [],
});

const look = (one: Told, events: readonly OrderEvent[], gapMs?: number) =>
  judge([one], new Map([[orderId, history(events, gapMs)]]), rules);
const wrongOf = (one: Told, events: readonly OrderEvent[], gapMs?: number) =>
  look(one, events, gapMs).wrong.map(({ what }) => what);

describe('the verdict of chaos', () => {
  it('an order that ended as it was wished is right', () => {
    assert.deepEqual(wrongOf(told('approved'), [created, debited, approved]), []);
    assert.deepEqual(wrongOf(told('declined'), [created, failed]), []);
    assert.deepEqual(wrongOf(told('rejected by rule'), [created, debited, rejected, voided]), []);
    const unpaid = [created, cancelled('payment_deadline'), voided];
    assert.deepEqual(wrongOf(told('unpaid'), unpaid), []);
    assert.deepEqual(look(told('unpaid'), unpaid).ended, { Cancelled: 1 });
  });

  it('one that was accepted and is not in the log is lost', () => {
    assert.deepEqual(wrongOf(told('approved'), []), ['lost']);
  });

  it('one that is open, or whose money is not back, is stuck', () => {
    assert.deepEqual(wrongOf(told('approved'), [created, debited]), ['stuck']);
    assert.deepEqual(wrongOf(told('rejected by rule'), [created, debited, rejected]), ['stuck']);
  });

  it('two debits, two creations and two decisions are doubled', () => {
    for (const event of [created, debited, approved]) {
      const all: readonly OrderEvent[] = [created, debited, approved, event];
      assert.deepEqual(wrongOf(told('approved'), all), ['doubled'], event.type);
    }
    const both = [created, debited, approved, cancelled('chaos')];
    assert.deepEqual(wrongOf(told('approved'), both), ['doubled']);
  });

  it('an order that nobody asked for is doubled', () => {
    const { wrong } = judge([], new Map([[orderId, history([created])]]), rules);
    assert.deepEqual(
      wrong.map(({ what }) => what),
      ['doubled'],
    );
  });

  it('two wishes answered with one order are doubled', () => {
    const events = new Map([[orderId, history([created, debited, approved])]]);
    const { wrong } = judge([told('approved'), told('approved')], events, rules);
    assert.deepEqual(
      wrong.map(({ what }) => what),
      ['doubled'],
    );
  });

  it('a deadline that ends an order which was well is no cause, and tells its story', () => {
    const ended = [created, debited, cancelled('review_deadline'), voided];
    const [wrong] = look(told('approved'), ended).wrong;
    assert.equal(wrong?.what, 'cancelled without cause');
    assert.match(
      wrong?.message ?? '',
      /created at .*, paymentdebited \+0\.1 s, cancelled \+0\.2 s/,
    );
    assert.deepEqual(wrongOf(told('declined'), [created, cancelled('payment_deadline'), voided]), [
      'cancelled without cause',
    ]);
  });

  it('a restaurant that was kept from deciding is counted, and only after its whole deadline', () => {
    const ended = [created, debited, cancelled('review_deadline'), voided];
    const late = look(told('approved by hand'), ended, DEADLINE_MS);
    assert.deepEqual([late.wrong, late.undecidable], [[], 1]);
    assert.deepEqual(wrongOf(told('approved by hand'), ended, DEADLINE_MS - 1), [
      'cancelled without cause',
    ]);
  });

  it('what a worker held when it was stopped for longer than the deadline is counted, and what came later is no cause', () => {
    const ended = [created, cancelled('payment_deadline'), voided];
    const endedAt = began + 100;
    const silence = (service: string, from: number, ms: number, handed = 1n) => ({
      ...rules,
      silences: [{ service, from, to: from + ms, handed }],
    });
    const verdict = (by: Rules) =>
      judge([told('approved')], new Map([[orderId, history(ended)]]), by);
    for (const by of [
      silence('paymentworker', endedAt, DEADLINE_MS),
      silence('paymentworker', endedAt - DEADLINE_MS - 1_000, DEADLINE_MS),
    ]) {
      const held = verdict(by);
      assert.deepEqual([held.wrong, held.inStoppedHands], [[], 1]);
    }
    for (const by of [
      silence('reviewworker', endedAt - DEADLINE_MS, DEADLINE_MS),
      silence('paymentworker', endedAt - DEADLINE_MS, DEADLINE_MS - 1),
      silence('paymentworker', endedAt - DEADLINE_MS, DEADLINE_MS, 0n),
      silence('paymentworker', endedAt + 1, DEADLINE_MS),
      silence('paymentworker', endedAt - 2 * DEADLINE_MS, DEADLINE_MS),
    ]) {
      assert.deepEqual(
        verdict(by).wrong.map(({ what }) => what),
        ['cancelled without cause'],
      );
    }
  });

  it('what people were told stands', () => {
    const done = told('cancelled', [{ post: 'cancel', answered: 'done' }]);
    const refused = told('cancelled', [{ post: 'cancel', answered: 'refused' }]);
    const paidBack = [created, debited, cancelled('chaos'), voided];
    assert.deepEqual(wrongOf(done, paidBack), []);
    assert.deepEqual(wrongOf(refused, paidBack), ['wrong']);
    assert.deepEqual(wrongOf(done, [created, debited, approved]), ['wrong']);
    assert.deepEqual(wrongOf(refused, [created, debited, approved]), []);
    const both = told('contested', [
      { post: 'approve', answered: 'done' },
      { post: 'cancel', answered: 'done' },
    ]);
    assert.deepEqual(wrongOf(both, paidBack), ['wrong']);
  });

  it('an amount other than what was asked is wrong', () => {
    const one = told('approved');
    const other = { ...one, wish: { ...one.wish, amountMinor: 1 } };
    assert.deepEqual(wrongOf(other, [created, debited, approved]), ['wrong']);
  });
});
