import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Lane } from '../../../shared/eventstore/event-store.ts';
import { background, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
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

  const append = (name: string, events = 1, data = ''): Append => ({
    events: Array.from({ length: events }, (_, n) =>
      anEvent({ aggregateId: name, eventId: `${name} ${n}`, data }),
    ),
    expectedVersion: undefined,
  });

  it('what is answered frees its room: of the number and of the payload', async () => {
    // Room for one event with its 400 characters and 600 of payload, to the character.
    const waiting = waitingWith({ maxWaiting: 2, maxWaitingBytes: 1_000 });
    const large = JSON.stringify('x'.repeat(598));
    const over = JSON.stringify('x'.repeat(599));
    const refused = (error: unknown) => {
      const { kind, code, retryAfterMs } = codedError(error);
      return kind === 'overloaded' && code === 'too_many_appends' && retryAfterMs === 1_000;
    };
    await assert.rejects(waiting.add(ctx, append('over', 1, over), 'new work'), refused);
    for (let n = 0; n < 3; n++) {
      const answer = waiting.add(ctx, append(`a${n}`, 1, large), 'new work');
      await assert.rejects(waiting.add(ctx, append('small'), 'new work'), refused);
      assert.equal(waiting.unanswered(), 1);
      const batch = waiting.take(10);
      const [one] = batch;
      assert.ok(one);
      assert.deepEqual([one.bytes, one.answered], [1_000, false]);
      one.settle({ version: 1n, position: 2n });
      assert.equal(one.answered, true);
      waiting.done(batch);
      assert.deepEqual(await answer, { version: 1n, position: 2n });
      assert.equal(waiting.unanswered(), 0);
    }
  });

  it('a refusal reaches the one who waits, and both lanes are counted', async () => {
    const waiting = waitingWith();
    const refused = waiting.add(ctx, append('a'), 'answers');
    add(waiting, 'b');
    assert.equal(waiting.unanswered(), 2);
    const [one] = waiting.take(2);
    assert.equal(one?.aggregate.endsWith('a'), true);
    one?.settle(new Error('refused'));
    await assert.rejects(refused, /refused/);
    assert.equal(waiting.unanswered(), 1);
  });

  it('it waits for an outage, but never beyond its own time, less what the answer needs', () => {
    const waiting = waitingWith({ timeoutMs: 5_000, outageMs: 2_000 });
    const began = performance.now();
    waiting.add(ctx, append('long'), 'new work').catch(() => undefined);
    waiting.add(withTimeLeft(ctx, 1_000), append('short'), 'new work').catch(() => undefined);
    const [long, short] = waiting.take(10);
    const spent = performance.now() - began;
    const about = (value: number | undefined, wanted: number) => {
      const left = (value ?? 0) - began;
      assert.ok(left >= wanted - 1 && left <= wanted + spent + 1, `${left}, not ${wanted}`);
    };
    about(long?.deadline, 4_900);
    about(long?.patience, 2_000);
    about(short?.deadline, 900);
    about(short?.patience, 900);
  });

  it('a batch is as full as it may be, by events and by payload', () => {
    const events = waitingWith({ maxBatchEvents: 5 });
    for (const [name, count] of [
      ['a', 2],
      ['b', 3],
      ['c', 1],
    ] as const) {
      events.add(ctx, append(name, count), 'new work').catch(() => undefined);
    }
    assert.deepEqual(names(events.take(10)), ['a', 'b']);
    assert.deepEqual([names(events.take(10)), events.queued()], [['c'], 0]);
    const payload = waitingWith({ maxBatchBytes: 800 });
    for (const name of ['a', 'b', 'c']) {
      payload.add(ctx, append(name), 'new work').catch(() => undefined);
    }
    assert.deepEqual(names(payload.take(10)), ['a', 'b']);
  });

  it('without new work the answers have the whole batch; with it, an eighth is left, rounded up', () => {
    const waiting = waitingWith();
    for (let n = 0; n < 40; n++) add(waiting, `answer ${n}`, 'answers');
    assert.equal(waiting.take(9).length, 9);
    add(waiting, 'order');
    const mixed = names(waiting.take(9));
    assert.deepEqual([mixed.length, mixed.at(-1)], [8, 'order']);
  });

  it('an append is touched by any of its ids that is under way', () => {
    const waiting = waitingWith();
    add(waiting, 'a', 'new work', 'shared');
    waiting.take(10);
    const touched: Append = {
      events: ['free', 'shared'].map((eventId) => anEvent({ aggregateId: 'b', eventId })),
      expectedVersion: undefined,
    };
    waiting.add(ctx, touched, 'new work').catch(() => undefined);
    assert.deepEqual(waiting.take(10), []);
    assert.equal(waiting.queued(), 1);
  });
});
