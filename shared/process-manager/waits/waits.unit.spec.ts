import assert from 'node:assert/strict';
import type { RecordedEvent } from '../../eventstore/event-store.ts';
import { type HoldHistory, holdEvents, holdProcess } from '../../testing/room-hold.ts';
import { deadlineChange, foldWaits, waitsAfter } from './waits.ts';

const ids = (since: object) =>
  Object.fromEntries(
    Object.entries(since as Record<string, RecordedEvent>).map(([kind, { eventId }]) => [
      kind,
      eventId,
    ]),
  );
const folded = (...events: HoldHistory) => foldWaits(holdProcess, holdEvents(...events));

describe('since when an aggregate waits', () => {
  it('is the event that began the wait, whatever was heard of it later', () => {
    const { state, awaited, passed, since, asked } = folded('requested', 'held', 'paid');
    assert.deepEqual(state, { status: 'Held', money: 'paid' });
    assert.deepEqual([awaited, passed], [['hold'], ['answer']]);
    assert.deepEqual([ids(since), asked], [{ hold: 'event-2' }, {}]);
  });

  it('is nothing for what is no longer awaited', () => {
    assert.deepEqual(folded('requested', 'held', 'confirmed').since, {});
    assert.deepEqual(folded().since, {});
  });

  it('begins once more where the same is awaited later on', () => {
    const { since } = folded('requested', 'held', 'requested');
    assert.deepEqual(ids(since), { answer: 'event-3' });
  });

  it('is the last asking of a worker that is asked again, and counts the askings', () => {
    const history = ['held', 'paid', 'expired', 'refundrequested', 'refundrequested'] as const;
    const twice = folded(...history);
    assert.deepEqual([ids(twice.since), twice.asked], [{ refund: 'event-5' }, { refund: 2 }]);
    const done = folded(...history, 'refunded');
    assert.deepEqual([done.since, done.asked], [{}, {}]);
    const later = folded(...history, 'refunded', 'refundrequested');
    assert.deepEqual([ids(later.since), later.asked], [{ refund: 'event-7' }, { refund: 1 }]);
  });

  it('does not begin once more by a second asking where a worker is asked once', () => {
    assert.deepEqual(ids(folded('requested', 'requested').since), { answer: 'event-1' });
  });

  it('an event that cannot be read changes nothing and is told; one of an unknown type is not', () => {
    const spoilt = folded('held', { eventType: 'BOOKINGS.confirmed', data: 'spoilt' });
    assert.deepEqual([spoilt.state.status, spoilt.spoilt], ['Held', true]);
    const strange = folded('held', { eventType: 'BOOKINGS.strange', data: 'spoilt' });
    assert.deepEqual([strange.state.status, strange.spoilt], ['Held', false]);
  });

  it('is not told where reading fails for another reason than the event', () => {
    const decode = () => {
      throw new TypeError('A fault of the codec.');
    };
    const faulty = { ...holdProcess, codec: { ...holdProcess.codec, decode } };
    assert.throws(() => foldWaits(faulty, holdEvents('held')), /A fault of the codec/);
  });

  it('is told by one event where the process says so', () => {
    const [held] = holdEvents('held');
    assert.ok(held);
    assert.equal(waitsAfter(holdProcess, held), undefined);
    const telling = { toldBy: () => ({ awaited: ['hold'], passed: ['answer'] }) as const };
    assert.deepEqual(waitsAfter(telling, held), {
      awaited: ['hold'],
      passed: ['answer'],
      since: { hold: held },
      asked: {},
    });
  });
});

describe('the deadlines of an aggregate', () => {
  const change = (...events: HoldHistory) =>
    deadlineChange(holdProcess, 'booking-1', folded(...events));

  it('are set for what is awaited, and removed for what is passed', () => {
    const { put, remove } = change('requested', 'held');
    assert.deepEqual(
      put.map(({ kind, causedBy }) => [kind, causedBy]),
      [['hold', 'event-2']],
    );
    assert.deepEqual(remove, [{ aggregateId: 'booking-1', kind: 'answer' }]);
  });

  it('are not set where nobody knows since when it waits', () => {
    const waits = { awaited: ['hold'], passed: [], since: {}, asked: {} } as const;
    assert.deepEqual(deadlineChange(holdProcess, 'booking-1', waits), { put: [], remove: [] });
  });

  it('are later each time a worker is asked again', () => {
    const asked = (times: number) =>
      change(...Array.from({ length: times }, () => 'refundrequested' as const)).put[0];
    const waits = [1, 2, 3, 4, 5].map(
      (times) => (asked(times)?.dueAt.getTime() ?? 0) - (times - 1) * 1_000,
    );
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
  });
});
