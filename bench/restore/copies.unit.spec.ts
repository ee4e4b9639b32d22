import assert from 'node:assert/strict';
import { debitKey, voidKey } from '../../services/paymentworker/keys.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { copier } from './copies.ts';
import { codec, orderId, original, voidId } from './testing/one-order.ts';
import { timeIn } from './timed-ids.ts';

describe('copies of orders', () => {
  const copyAt = copier(original, 3, codec);

  it('the last one is the original, at later positions', () => {
    const { events, lines, places } = copyAt(2);
    assert.deepEqual(
      events,
      original.events.map((event, index) => ({ ...event, position: String(11 + index) })),
    );
    assert.deepEqual(lines, original.lines);
    assert.deepEqual(places, [{ consumer: durables.payment, position: '14', eventId: voidId }]);
  });

  it('each has the ids that the programs would derive, down to the keys of the ledger', () => {
    const { events, lines } = copyAt(0);
    const [created, debited, cancelled, voiding, voided] = events;
    const copied = created?.aggregateId ?? '';
    assert.notEqual(copied, orderId);
    assert.equal(created?.eventId, derivedId('ordersvc', copied, 'created'));
    assert.equal(debited?.eventId, derivedId(durables.payment, created.eventId, 'answer'));
    assert.equal(cancelled?.eventId, derivedId('ordersvc', copied, 'cancel'));
    assert.equal(voiding?.eventId, derivedId(durables.saga, copied, 'void'));
    assert.equal(voided?.eventId, derivedId(durables.payment, voiding.eventId, 'answer'));
    assert.equal(
      debited?.metadata,
      `{"causation_id": "${created.eventId}", "correlation_id": "c"}`,
    );
    const [line] = lines;
    assert.equal(line?.orderId, copied);
    assert.equal(line?.idempotencyKey, debitKey(copied));
    assert.equal(line?.voidKey, voidKey(voiding.eventId));
    const paid = codec.decode(debited);
    assert.ok(paid?.type === 'paymentdebited');
    assert.deepEqual([paid.orderId, paid.paymentId], [copied, line.paymentId]);
  });

  it('lie one after the other in time, and so do their orders’ ids', () => {
    const [first, second] = [copyAt(0), copyAt(1)];
    const at = ({ createdMicros = '' } = {}) => Number(createdMicros);
    assert.ok(at(first.events.at(-1)) < at(second.events[0]));
    assert.ok((first.lines[0]?.orderId ?? '') < (second.lines[0]?.orderId ?? ''));
    const [created] = first.events;
    const placed = created && codec.decode(created);
    assert.ok(placed?.type === 'created');
    assert.equal(Date.parse(placed.order.createdOn), timeIn(placed.order.orderId));
    assert.equal(Date.parse(placed.order.createdOn), at(created) / 1_000);
  });

  it('of an event whose id no program derives are refused', () => {
    const [first, ...others] = original.events;
    assert.ok(first !== undefined);
    const strange = { ...first, eventId: orderId };
    assert.throws(
      () => copier({ ...original, events: [strange, ...others] }, 2, codec),
      /No rule of the product tells the ids of a copy of event/,
    );
    const lines = original.lines.map((line) => ({ ...line, idempotencyKey: 'mine' }));
    assert.throws(() => copier({ ...original, lines }, 2, codec), /a copy of line/);
  });
});
