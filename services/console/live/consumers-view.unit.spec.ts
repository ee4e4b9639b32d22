import assert from 'node:assert/strict';
import type { Part } from '../../../shared/contracts/console.ts';
import { eventTypes } from '../../../shared/contracts/events.ts';
import { durables, READ_MODEL } from '../../../shared/contracts/subjects.ts';
import { type ConsumersSeen, consumersOf, troubleOf } from './consumers-view.ts';

const progress = (consumer: string, position: number, delivered = position) => ({
  consumer,
  position,
  delivered,
});
const seen = (over: Partial<ConsumersSeen>): ConsumersSeen => ({
  head: 3,
  lastOf: new Map([
    [eventTypes.created, 1],
    [eventTypes.paymentdebited, 2],
    [eventTypes.approved, 3],
  ]),
  progress: [],
  parked: [],
  ageAfter: () => 7,
  part: () => undefined,
  ...over,
});

describe('a consumer, seen from the side of the log', () => {
  it('is behind by events that are its own, and not by those that pass it by', () => {
    const consumers = consumersOf(
      seen({
        progress: [
          progress(durables.payment, 1),
          progress(durables.review, 1),
          progress(READ_MODEL, 3),
        ],
      }),
    );
    assert.deepEqual(
      consumers.map(({ name, lag, lag_s }) => [name, lag, lag_s]),
      [
        [durables.payment, 0, 0],
        [durables.review, 2, 7],
        [READ_MODEL, 0, 0],
      ],
    );
  });

  it('is behind by an event of a type that nobody knows, or that was not seen yet', () => {
    const own = { progress: [progress(durables.payment, 1)] };
    const unknown = seen({ ...own, lastOf: new Map([['ORDERS.soldout', 3]]) });
    assert.equal(consumersOf(unknown)[0]?.lag, 2);
    assert.equal(consumersOf(seen({ ...own, head: 5 }))[0]?.lag, 4);
  });

  it('has in flight what was delivered and is not done', () => {
    const [consumer] = consumersOf(seen({ progress: [progress(durables.saga, 1, 3)] }));
    assert.equal(consumer?.in_flight, 2);
  });

  it('is silent as long as the part that runs it', () => {
    const silent: Part = { name: 'reviewworker', state: 'silent', reasons: [], silent_s: 4.2 };
    const part = (name: string) => (name === silent.name ? silent : undefined);
    const [consumer] = consumersOf(seen({ progress: [progress(durables.review, 3)], part }));
    assert.equal(consumer?.silent_s, 4.2);
    assert.match(troubleOf(durables.review, part).join(), /reviewworker has not answered for 4 s/);
    assert.deepEqual(troubleOf(durables.payment, part), []);
  });

  it('whose part cannot be asked is silent as the event store says', () => {
    const of = (silentMs: number) =>
      consumersOf(seen({ progress: [{ ...progress(durables.review, 3), silentMs }] }))[0]?.silent_s;
    assert.equal(of(900), undefined);
    assert.equal(of(4_500), 4.5);
    const answers: Part = { name: 'reviewworker', state: 'ready', reasons: [] };
    const [consumer] = consumersOf(
      seen({
        progress: [{ ...progress(durables.review, 3), silentMs: 90_000 }],
        part: () => answers,
      }),
    );
    assert.equal(consumer?.silent_s, undefined, 'it calls another event store');
  });

  it('that is degraded says why an order waits', () => {
    const part = (name: string): Part => ({
      name,
      state: 'degraded',
      reasons: ['debits keep failing, so the gateway gets a pause (circuit_open)'],
    });
    assert.match(troubleOf(durables.payment, part).join(), /paymentworker is degraded: .*circuit/);
  });
});
