import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Lane } from '../../shared/eventstore/event-store.ts';
import { background, withSignal, withTimeLeft } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { anEvent } from '../../shared/testing/events.ts';
import type { Append } from './append.ts';
import { groupCommitDefaults } from './group-commit.ts';
import { createWaitingAppends, type WaitingAppends, type WaitingLimits } from './waiting.ts';

describe('appends that wait', () => {
  const ctx = background();
  const waitingWith = (limits: Partial<WaitingLimits> = {}) =>
    createWaitingAppends({ ...groupCommitDefaults, ...limits });

  function add(waiting: WaitingAppends, name: string, lane: Lane = 'new work', eventId = name) {
    const append: Append = {
      events: [anEvent({ aggregateId: name, eventId })],
      expectedVersion: undefined,
    };
    waiting.add(ctx, append, lane).catch(() => undefined);
  }
  const names = (batch: readonly { append: Append }[]) =>
    batch.map(({ append }) => append.events[0]?.aggregateId);

  it('answers go before new work, each in order of arrival', () => {
    const waiting = waitingWith();
    add(waiting, 'order 1');
    add(waiting, 'answer 1', 'answers');
    add(waiting, 'order 2');
    add(waiting, 'answer 2', 'answers');
    assert.deepEqual(names(waiting.take(100)), ['answer 1', 'answer 2', 'order 1', 'order 2']);
  });

  it('however many answers there are, an eighth of a batch is for new work', () => {
    const waiting = waitingWith();
    for (let n = 0; n < 100; n++) add(waiting, `answer ${n}`, 'answers');
    for (let n = 0; n < 100; n++) add(waiting, `order ${n}`);
    const batch = names(waiting.take(16));
    assert.equal(batch.filter((name) => name?.startsWith('order')).length, 2);
    assert.equal(batch.length, 16);
  });

  it('what another batch may touch waits until that is done, and keeps its place', () => {
    const waiting = waitingWith();
    add(waiting, 'a', 'new work', 'first');
    const first = waiting.take(100);
    add(waiting, 'a', 'new work', 'second');
    add(waiting, 'b');
    add(waiting, 'c', 'new work', 'first');
    add(waiting, 'c', 'new work', 'third');
    // `c` begins with an id that is under way, and what follows on it must not overtake it.
    assert.deepEqual(names(waiting.take(100)), ['b']);
    waiting.done(first);
    const rest = waiting.take(100);
    assert.deepEqual(
      rest.map(({ append }) => append.events[0]?.eventId),
      ['second', 'first', 'third'],
    );
  });

  it('one batch appends to an aggregate more than once, and to no id twice', () => {
    const waiting = waitingWith();
    add(waiting, 'a', 'new work', 'one');
    add(waiting, 'a', 'new work', 'two');
    add(waiting, 'b', 'new work', 'one');
    assert.deepEqual(names(waiting.take(100)), ['a', 'a']);
  });

  it('a batch is bounded by its share, its events and its payload, and holds one append at least', () => {
    const waiting = waitingWith({ maxBatchEvents: 3, maxBatchBytes: 1_000 });
    for (let n = 0; n < 9; n++) add(waiting, `small ${n}`);
    assert.equal(waiting.take(1).length, 1);
    assert.equal(waiting.take(100).length, 2, 'payload: each takes some 400 characters');
    const large = waitingWith({ maxBatchBytes: 10 });
    add(large, 'larger than a batch');
    assert.equal(large.take(100).length, 1);
  });

  it('each lane has its bound, so that new work cannot shut answers out', async () => {
    const waiting = waitingWith({ maxWaiting: 2 });
    add(waiting, 'order 1');
    add(waiting, 'order 2');
    const third: Append = { events: [anEvent()], expectedVersion: undefined };
    await assert.rejects(
      waiting.add(ctx, third, 'new work'),
      (error) => codedError(error).kind === 'overloaded',
    );
    add(waiting, 'answer', 'answers');
    assert.equal(waiting.queued(), 3);
  });

  it('who went away, or ran out of time, is answered and not written', async () => {
    const waiting = waitingWith();
    const gone = new AbortController();
    const append = (): Append => ({
      events: [anEvent({ eventId: randomUUID() })],
      expectedVersion: undefined,
    });
    const left = waiting.add(withSignal(ctx, gone.signal), append(), 'new work');
    const late = waiting.add(withTimeLeft(ctx, 0), append(), 'new work');
    gone.abort();
    assert.deepEqual(waiting.take(100), []);
    for (const answer of [left, late]) {
      await assert.rejects(answer, (error) => codedError(error).code === 'append_timeout');
    }
    assert.equal(waiting.unanswered(), 0);
  });
});
