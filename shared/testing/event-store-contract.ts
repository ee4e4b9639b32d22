/**
 * What every EventStore promises, tested on each of them: in memory, on SQL, and over
 * gRPC. A suite calls it with its store, which may hold events already and keeps those of
 * one test while the next runs.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Checkpoint } from '../eventstore/checkpoints.ts';
import type { LetterFilter } from '../eventstore/dead-letters.ts';
import type {
  Appended,
  EventFilter,
  EventStore,
  NewEvent,
  RecordedEvent,
} from '../eventstore/event-store.ts';
import { background } from '../kit/context.ts';
import type { DeadLetter } from '../kit/delivery.ts';
import { codedError, type Kind } from '../kit/errors.ts';
import { anEvent as anyEvent } from './an-event.ts';
import { eventually } from './eventually.ts';
import { followContract } from './follow-contract.ts';

/** @param stream that of the store */
export function eventStoreContract(store: () => EventStore, stream = 'ORDERS'): void {
  const ctx = background();
  const anEvent = (overrides: Partial<NewEvent> = {}) =>
    anyEvent({ eventType: `${stream}.created`, ...overrides });
  const append = (event: NewEvent, expected?: bigint) =>
    store().append(ctx, { events: [event], expectedVersion: expected });
  const refusedAs = (kind: Kind, code?: string) => (error: unknown) => {
    const coded = codedError(error);
    assert.equal(coded.kind, kind, coded.message);
    if (code !== undefined) assert.equal(coded.code, code);
    return true;
  };

  describe('append', () => {
    it('versions count from 1 within an aggregate, positions within the stream', async () => {
      const aggregateId = randomUUID();
      const first = await append(anEvent({ aggregateId }), 0n);
      const second = await append(anEvent({ aggregateId }), 1n);
      assert.deepEqual([first.version, second.version], [1n, 2n]);
      assert.equal(await store().head(ctx), second.position);
      assert.ok(second.position > first.position);
    });

    it('the currency of the log is what was said first', async () => {
      const usd = { code: 'USD', decimals: 2 };
      assert.deepEqual(await store().settleCurrency(ctx, usd), usd);
      assert.deepEqual(await store().settleCurrency(ctx, { code: 'JPY', decimals: 0 }), usd);
      assert.deepEqual(await store().currency(ctx), usd);
    });

    it('without an expected version the next one is assigned', async () => {
      const aggregateId = randomUUID();
      const events = Array.from({ length: 20 }, () => anEvent({ aggregateId }));
      const answers = await Promise.all(events.map((event) => append(event)));
      const stored = await store().readAggregate(ctx, { aggregateType: 'order', aggregateId });
      assert.deepEqual(
        stored.map(({ version }) => Number(version)),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      for (const { eventId, version, position } of stored) {
        const index = events.findIndex((event) => event.eventId === eventId);
        assert.deepEqual(answers[index], { version, position });
      }
    });

    it('a wrong expected version is a conflict and writes nothing', async () => {
      const aggregateId = randomUUID();
      await append(anEvent({ aggregateId }), 0n);
      const head = await store().head(ctx);
      for (const expected of [2n, 7n, 0n]) {
        await assert.rejects(append(anEvent({ aggregateId }), expected), refusedAs('conflict'));
      }
      await assert.rejects(append(anEvent(), 1n), refusedAs('conflict'));
      assert.equal(await store().head(ctx), head);
    });

    it('a version that is not there yet is a conflict in a batch, too, and harms nobody beside it', async () => {
      const good = Array.from({ length: 8 }, () => anEvent());
      const ahead = anEvent();
      const [refused, ...written] = await Promise.allSettled([
        append(ahead, 5n),
        ...good.map((event) => append(event, 0n)),
      ]);
      assert.ok(refused?.status === 'rejected' && refusedAs('conflict')(refused.reason));
      assert.ok(written.every(({ status }) => status === 'fulfilled'));
      assert.deepEqual(
        await store().readAggregate(ctx, {
          aggregateType: 'order',
          aggregateId: ahead.aggregateId,
        }),
        [],
      );
    });

    it('an aggregate is a type and an id: what another type wrote under its id is nothing to it', async () => {
      const aggregateId = randomUUID();
      const of = (aggregateType: string) => anEvent({ aggregateId, aggregateType });
      for (const expected of [0n, 1n, 2n]) await append(of('order'), expected);
      // Alone, and beside others in a batch; known, looked for, and assigned.
      await assert.rejects(append(of('alone'), 3n), refusedAs('conflict'));
      assert.equal((await append(of('alone'), 0n)).version, 1n);
      assert.equal((await append(of('assigned alone'))).version, 1n);
      // Two of each kind one after the other, for a suite may give each second call to another process.
      const both = (batch: string) =>
        [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
          n % 4 < 2 ? append(of(`known ${batch} ${n}`), 0n) : append(of(`assigned ${batch} ${n}`)),
        );
      const beside = await Promise.all(both('in a batch'));
      assert.deepEqual(new Set(beside.map(({ version }) => version)), new Set([1n]));
      const [first, second, ...written] = await Promise.allSettled([
        append(of('ahead'), 3n),
        append(of('also ahead'), 3n),
        ...both('beside one that is refused'),
      ]);
      for (const one of [first, second]) {
        assert.ok(one?.status === 'rejected' && refusedAs('conflict')(one.reason));
      }
      assert.deepEqual(
        written.map((one) => (one.status === 'fulfilled' ? one.value.version : one.reason)),
        written.map(() => 1n),
      );
      assert.deepEqual(
        (await store().readAggregate(ctx, { aggregateType: 'order', aggregateId })).map(
          ({ version }) => version,
        ),
        [1n, 2n, 3n],
      );
    });

    it('of many who decided against the same version exactly one succeeds', async () => {
      const aggregateId = randomUUID();
      await append(anEvent({ aggregateId }), 0n);
      const results = await Promise.allSettled(
        Array.from({ length: 16 }, () => append(anEvent({ aggregateId }), 1n)),
      );
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal(
        (await store().readAggregate(ctx, { aggregateType: 'order', aggregateId })).length,
        2,
      );
    });

    it('the same event again is the first result, whatever version it expects and metadata it has', async () => {
      const event = anEvent();
      const first = await append(event, 0n);
      await append(anEvent({ aggregateId: event.aggregateId }), 1n);
      assert.deepEqual(await append(event, 0n), first);
      assert.deepEqual(
        await append({ ...event, metadata: { correlation_id: 'other' } }, 9n),
        first,
      );
      assert.deepEqual(await append(event), first);
    });

    it('the same event many times at once is written once', async () => {
      const event = anEvent();
      const results = await Promise.all(Array.from({ length: 16 }, () => append(event, 0n)));
      assert.equal(new Set(results.map(({ position }) => position)).size, 1);
      assert.equal(
        (
          await store().readAggregate(ctx, {
            aggregateType: 'order',
            aggregateId: event.aggregateId,
          })
        ).length,
        1,
      );
    });

    it('an id with other content is refused as existing', async () => {
      const event = anEvent({ data: '{"a":1}' });
      await append(event, 0n);
      for (const other of [
        { data: '{"a": 1}' },
        { eventType: `${stream}.approved` },
        { aggregateId: randomUUID() },
        { aggregateType: 'basket' },
      ]) {
        await assert.rejects(append({ ...event, ...other }), refusedAs('already_exists'));
      }
    });

    it('a bad append harms no neighbour', async () => {
      const aggregateId = randomUUID();
      const known = anEvent();
      await append(anEvent({ aggregateId }), 0n);
      await append(known, 0n);
      const good = Array.from({ length: 20 }, () => anEvent());
      const results = await Promise.allSettled([
        ...good.slice(0, 10).map((event) => append(event, 0n)),
        append(anEvent({ aggregateId }), 5n),
        append({ ...known, data: '{}' }),
        append(known, 3n),
        ...good.slice(10).map((event) => append(event)),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status === 'fulfilled'),
        [...Array(10).fill(true), false, false, true, ...Array(10).fill(true)],
      );
    });

    it('several events go together or not at all', async () => {
      const aggregateId = randomUUID();
      const trio = [1, 2, 3].map((n) => anEvent({ aggregateId, data: `{"n":${n}}` }));
      const written = await store().append(ctx, { events: trio, expectedVersion: 0n });
      assert.equal(written.version, 3n);
      assert.deepEqual(
        await store().append(ctx, { events: trio, expectedVersion: 0n }),
        written,
        'repeated as a whole',
      );
      const [, second] = trio;
      assert.ok(second);
      await assert.rejects(
        store().append(ctx, { events: [anEvent({ aggregateId }), second] }),
        refusedAs('already_exists'),
      );
      const stored = await store().readAggregate(ctx, { aggregateType: 'order', aggregateId });
      assert.deepEqual(
        stored.map(({ eventId }) => eventId),
        trio.map(({ eventId }) => eventId),
      );
      assert.deepEqual(
        stored.map(({ position }) => position - written.position),
        [-2n, -1n, 0n],
      );
    });

    it('positions have no gap, even after failed appends', async () => {
      const before = await store().head(ctx);
      const aggregateId = randomUUID();
      await Promise.allSettled(
        Array.from({ length: 60 }, (_, index) =>
          index % 3 === 0 ? append(anEvent({ aggregateId }), BigInt(index)) : append(anEvent(), 0n),
        ),
      );
      const events = await all({ afterPosition: before });
      events.forEach(({ position }, index) => {
        assert.equal(position, before + BigInt(index) + 1n);
      });
      assert.equal(events.at(-1)?.position, await store().head(ctx));
    });
  });

  describe('read', () => {
    it('data comes back byte for byte', async () => {
      const texts = [
        '',
        '{ "b":1, "a":2, "a":3 }',
        '"\\u0000 \\ud83d\\ude00 ümläut 😀"',
        '1e400',
        ' [1 ,2]\n',
      ];
      const check = async (event: NewEvent, { version, position }: Appended) => {
        const [stored] = await store().readAggregate(ctx, {
          aggregateType: 'order',
          aggregateId: event.aggregateId,
        });
        assert.ok(stored);
        const { createdAt, metadata, ...rest } = stored;
        const { metadata: given, ...sent } = event;
        assert.deepEqual(rest, { ...sent, stream, version, position });
        // The transport may have added its trace.
        assert.deepEqual({ ...metadata, ...given }, metadata);
        assert.ok(Math.abs(createdAt.getTime() - Date.now()) < 60_000);
      };
      const withData = (data: string) => anEvent({ data, metadata: { correlation_id: 'c-1' } });
      for (const event of texts.map(withData)) await check(event, await append(event));
      // Alone or in one statement with others: the one that has no text first, last and in between.
      const together = [...texts, '', '{}', ''].map(withData);
      const appended = await Promise.all(together.map((event) => append(event)));
      for (const [index, event] of together.entries()) {
        await check(event, appended[index] as Appended);
      }
    });

    it('pages by position, says where to go on, and ends', async () => {
      const aggregateId = randomUUID();
      for (let n = 0; n < 5; n++) await append(anEvent({ aggregateId }), BigInt(n));
      const seen: bigint[] = [];
      let afterPosition: bigint | undefined;
      for (let pages = 1; ; pages++) {
        const page = await store().read(ctx, {
          aggregateId,
          ...(afterPosition === undefined ? {} : { afterPosition }),
          limit: 2,
        });
        seen.push(...page.events.map(({ version }) => version));
        afterPosition = page.nextPosition;
        if (afterPosition === undefined) {
          assert.equal(pages, 3);
          break;
        }
      }
      assert.deepEqual(seen, [1n, 2n, 3n, 4n, 5n]);
    });

    it('a page that holds the last event says that there is no more', async () => {
      const aggregateId = randomUUID();
      await append(anEvent({ aggregateId }));
      const page = await store().read(ctx, { aggregateId, limit: 1 });
      assert.deepEqual([page.events.length, page.nextPosition], [1, undefined]);
    });

    it('filters by id, aggregate, aggregate type and event types, all together', async () => {
      const aggregateId = randomUUID();
      const one = anEvent({ aggregateId });
      const two = anEvent({ aggregateId, eventType: `${stream}.approved` });
      const basket = anEvent({ aggregateId, aggregateType: 'basket' });
      for (const event of [one, two, basket]) await append(event);
      const ids = async (filter: EventFilter) =>
        (await store().read(ctx, { ...filter, limit: 10 })).events.map(({ eventId }) => eventId);
      assert.deepEqual(await ids({ eventId: two.eventId }), [two.eventId]);
      assert.deepEqual(await ids({ eventId: two.eventId, aggregateId: 'other' }), []);
      assert.deepEqual(await ids({ aggregateId }), [one.eventId, two.eventId, basket.eventId]);
      assert.deepEqual(await ids({ aggregateId, aggregateType: 'basket' }), [basket.eventId]);
      assert.deepEqual(
        await ids({ aggregateId, eventTypes: [`${stream}.approved`, `${stream}.x`] }),
        [two.eventId],
      );
      assert.deepEqual(
        await ids({ aggregateType: 'basket', aggregateId, eventTypes: [`${stream}.approved`] }),
        [],
      );
    });

    it('filters by positions: those that are there, in order, and no others', async () => {
      const written: Appended[] = [];
      for (let n = 0; n < 5; n++) written.push(await append(anEvent()));
      const at = written.map(({ position }) => position);
      const far = (at[4] ?? 0n) + 1_000_000n;
      const read = async (filter: EventFilter, limit = 10) => {
        const { events, nextPosition } = await store().read(ctx, { ...filter, limit });
        return { found: events.map(({ position }) => position), nextPosition };
      };
      const [one, , three, , five] = at as [bigint, bigint, bigint, bigint, bigint];
      assert.deepEqual(await read({ positions: [five, one, far, three, one] }), {
        found: [one, three, five],
        nextPosition: undefined,
      });
      assert.deepEqual(await read({ positions: [far] }), { found: [], nextPosition: undefined });
      assert.deepEqual(await read({ positions: [one, three, five] }, 2), {
        found: [one, three],
        nextPosition: three,
      });
      const rest = await read({ positions: [one, three, five], afterPosition: three });
      assert.deepEqual(rest.found, [five]);
      const none = await read({ positions: [one], eventTypes: [`${stream}.approved`] });
      assert.deepEqual(none.found, []);
    });

    it('streams everything after a position, in order, and ends at the head', async () => {
      const before = await store().head(ctx);
      const written = await Promise.all(Array.from({ length: 1_200 }, () => append(anEvent(), 0n)));
      const events = await all({ afterPosition: before });
      assert.equal(events.length, written.length);
      events.forEach(({ position }, index) => {
        assert.equal(position, before + BigInt(index) + 1n);
      });
    });

    it('goes on after a place that the log has, and is refused after one that it has not', async () => {
      const { position } = await append(anEvent());
      const next = await append(anEvent());
      const [last] = await all({ afterPosition: position - 1n });
      assert.ok(last);
      const place = { afterPosition: position, afterEventId: last.eventId };
      assert.equal((await all(place))[0]?.position, next.position);
      assert.equal(
        (await store().read(ctx, { ...place, limit: 1 })).events[0]?.position,
        next.position,
      );
      const wrong = { ...place, afterEventId: randomUUID() };
      const beyond = { ...place, afterPosition: next.position + 1_000_000n };
      for (const filter of [wrong, beyond]) {
        const refused = refusedAs('precondition_failed', 'place_not_in_log');
        await assert.rejects(all(filter), refused);
        await assert.rejects(store().read(ctx, { ...filter, limit: 1 }), refused);
        const following = await store().batches(ctx, { ...filter, follow: true });
        await assert.rejects(following[Symbol.asyncIterator]().next(), refused);
      }
    });

    it('an aggregate that does not exist has no events', async () => {
      for (const aggregateId of [randomUUID(), '']) {
        assert.deepEqual(
          await store().readAggregate(ctx, { aggregateType: 'order', aggregateId }),
          [],
        );
      }
    });
  });

  describe('many aggregates that are read at the same time', () => {
    const events = (aggregateId: string, count: number, data = '{}') =>
      Array.from({ length: count }, () => anEvent({ aggregateId, data }));
    const readAll = (ids: readonly string[]) =>
      Promise.all(
        ids.map((aggregateId) =>
          store().readAggregate(ctx, { aggregateType: 'order', aggregateId }),
        ),
      );
    const idsOf = (read: readonly { readonly eventId: string }[]) =>
      read.map(({ eventId }) => eventId);

    it('each come whole: those of many events, those of large ones, and those that do not exist', async () => {
      const large = JSON.stringify('x'.repeat(90_000));
      const written = new Map<string, NewEvent[]>();
      const appends = [1, 2, 3, 300, 1_100, 12, 12, 12].map((count, index) => {
        const aggregateId = randomUUID();
        const own = events(aggregateId, count, index < 5 ? '{}' : large);
        written.set(aggregateId, own);
        return own;
      });
      for (const own of appends) {
        for (let from = 0; from < own.length; from += 100) {
          await Promise.all(own.slice(from, from + 100).map((event) => append(event)));
        }
      }
      const asked = [...written.keys(), randomUUID(), ...written.keys()];
      const read = await readAll(asked);
      for (const [index, aggregateId] of asked.entries()) {
        const own = written.get(aggregateId) ?? [];
        const got = read[index] ?? [];
        assert.deepEqual(new Set(idsOf(got)), new Set(idsOf(own)));
        assert.deepEqual(
          got.map(({ version }) => Number(version)),
          own.map((_, at) => at + 1),
        );
      }
    });

    it('are as they were after the caller asked', async () => {
      const ids = Array.from({ length: 40 }, () => randomUUID());
      await Promise.all(
        ids.map(async (aggregateId) => {
          for (let version = 0n; version < 5n; version++) {
            const [event] = events(aggregateId, 1);
            assert.ok(event);
            await append(event, version);
            const [read = []] = await readAll([aggregateId]);
            assert.equal(read.length, Number(version) + 1);
            assert.equal(read.at(-1)?.eventId, event.eventId);
          }
        }),
      );
    });

    it('are those of their type', async () => {
      const aggregateId = randomUUID();
      await append(anEvent({ aggregateId, aggregateType: 'order' }), 0n);
      await append(anEvent({ aggregateId, aggregateType: 'parcel' }), 0n);
      const types = ['order', 'parcel', 'nothing'];
      const read = await Promise.all(
        types.map((aggregateType) => store().readAggregate(ctx, { aggregateType, aggregateId })),
      );
      assert.deepEqual(
        read.map((all) => all.map(({ aggregateType }) => aggregateType)),
        [['order'], ['parcel'], []],
      );
    });
  });

  describe('follow', () => followContract(store, stream));

  describe('checkpoints', () => {
    /** Of the event at a position, and everything up to there delivered. */
    const place = async (position: bigint): Promise<Checkpoint> => {
      const { events } = await store().read(ctx, { afterPosition: position - 1n, limit: 1 });
      return { position, eventId: events[0]?.eventId ?? '', delivered: position };
    };
    let consumer: string;
    let one: Checkpoint;
    let two: Checkpoint;
    const save = (checkpoint: Checkpoint) =>
      store().saveCheckpoint(ctx, { consumer, ...checkpoint });
    const kept = () => store().getCheckpoint(ctx, consumer);

    beforeEach('two events are published', async () => {
      consumer = `worker-${randomUUID()}`;
      await Promise.all([append(anEvent()), append(anEvent())]);
      [one, two] = [await place(1n), await place(2n)];
      // Only published events can be done, and publishing takes a moment.
      const other = `worker-${randomUUID()}`;
      await eventually('position 2 may be saved', async () => {
        await store().saveCheckpoint(ctx, { consumer: other, ...two });
        return true;
      });
    });

    it('are kept with the id of their event, start at 0, and their position never moves back', async () => {
      assert.deepEqual(await kept(), { position: 0n, eventId: '', delivered: 0n });
      await save(two);
      assert.deepEqual(await kept(), two);
      await save(one);
      assert.deepEqual(await kept(), two);
    });

    it('what was delivered is as it is said, and at least the position', async () => {
      await save({ position: 0n, eventId: '', delivered: 7n });
      assert.deepEqual(await kept(), { position: 0n, eventId: '', delivered: 7n });
      await save({ ...one, delivered: 7n });
      await save({ ...one, delivered: 5n });
      assert.deepEqual(await kept(), { ...one, delivered: 5n });
      await save({ ...two, delivered: 0n });
      assert.deepEqual(await kept(), two);
    });

    it('without an id are those of the log’s own event', async () => {
      await save({ ...two, eventId: '' });
      assert.deepEqual(await kept(), two);
    });

    it('of an event that the log does not have there are refused, and what was kept stays', async () => {
      await save(one);
      await assert.rejects(
        save({ ...two, eventId: one.eventId }),
        refusedAs('precondition_failed', 'place_not_in_log'),
      );
      assert.deepEqual(await kept(), one);
    });

    it('are listed by consumer', async () => {
      await save({ ...one, delivered: 2n });
      const listed = await store().listCheckpoints(ctx);
      const names = listed.map((checkpoint) => checkpoint.consumer);
      assert.deepEqual(names, names.toSorted());
      const own = listed.find((checkpoint) => checkpoint.consumer === consumer);
      assert.ok(own);
      const { updatedAt, silentMs = 0, ...rest } = own;
      assert.ok(silentMs >= 0 && silentMs < 60_000, 'it has just called');
      assert.deepEqual(rest, { ...one, consumer, delivered: 2n, holds: true });
      assert.ok(Math.abs(updatedAt.getTime() - Date.now()) < 60_000);
    });
  });

  describe('dead letters', () => {
    const aLetter = (overrides: Partial<DeadLetter> = {}): DeadLetter => ({
      consumer: `worker-${randomUUID()}`,
      position: 2n,
      eventId: randomUUID(),
      reason: 'unreadable_event',
      lastError: 'The payload cannot be read.',
      deliveries: 1,
      traceparent: '',
      ...overrides,
    });
    const parked = async (overrides: Partial<DeadLetter> = {}): Promise<DeadLetter> => {
      const letter = aLetter(overrides);
      await store().park(ctx, letter);
      return letter;
    };
    const now = async ({ consumer, position }: DeadLetter) => {
      const [letter] = await store().deadLetters(ctx, { consumer, position, limit: 1 });
      assert.ok(letter);
      return letter;
    };
    const request = ({ consumer, position }: DeadLetter) =>
      store().requestReplay(ctx, { consumer, position });
    const take = ({ consumer }: DeadLetter, limit = 10) =>
      store().takeReplays(ctx, { consumer, limit });

    it('are kept once each and listed by position', async () => {
      const letter = await parked();
      const { consumer } = letter;
      await store().park(ctx, { ...letter, deliveries: 2 });
      await store().park(ctx, { ...letter, position: 1n, eventId: 'e-1' });
      const listed = await store().deadLetters(ctx, { consumer, limit: 10 });
      const waiting = {
        state: 'parked',
        replays: 0,
        replayRequestedAt: undefined,
        resolvedAt: undefined,
        closedAt: undefined,
        closeReason: '',
      };
      assert.deepEqual(
        listed.map(({ parkedAt: _, ...kept }) => kept),
        [
          { ...letter, ...waiting, position: 1n, eventId: 'e-1' },
          { ...letter, ...waiting },
        ],
      );
      assert.ok(listed.every(({ parkedAt }) => Math.abs(parkedAt.getTime() - Date.now()) < 60_000));
      assert.equal((await store().deadLetters(ctx, { consumer, limit: 1 })).length, 1);
    });

    it('are listed by consumer, state, position and events, all together', async () => {
      const one = await parked({ position: 1n });
      const two = await parked({ consumer: one.consumer, position: 2n });
      await request(two);
      const other = await parked({ eventId: one.eventId });
      const { consumer } = one;
      const found = async (filter: LetterFilter) =>
        (await store().deadLetters(ctx, { ...filter, limit: 1_000 })).map(({ eventId }) => eventId);
      assert.deepEqual(await found({ consumer }), [one.eventId, two.eventId]);
      assert.deepEqual(await found({ consumer, state: 'parked' }), [one.eventId]);
      assert.deepEqual(await found({ consumer, state: 'requested' }), [two.eventId]);
      assert.deepEqual(await found({ consumer, position: 2n }), [two.eventId]);
      assert.deepEqual(await found({ eventIds: [one.eventId] }), [one.eventId, other.eventId]);
      assert.deepEqual(await found({ consumer, eventIds: [two.eventId, 'none'] }), [two.eventId]);
      assert.deepEqual(await found({ consumer, position: 1n, state: 'resolved' }), []);
    });

    it('a replay that is asked for twice is handed out once, and to one', async () => {
      const letter = await parked();
      const asked = await request(letter);
      assert.equal(asked.state, 'requested');
      assert.ok(asked.replayRequestedAt);
      assert.deepEqual((await request(letter)).replayRequestedAt, asked.replayRequestedAt);
      const taken = (await Promise.all(Array.from({ length: 8 }, () => take(letter)))).flat();
      assert.deepEqual(
        taken.map(({ eventId, state, replays }) => ({ eventId, state, replays })),
        [{ eventId: letter.eventId, state: 'requested', replays: 1 }],
      );
      await request(letter);
      assert.deepEqual(await take(letter), [], 'it has been taken and not settled');
    });

    it('only what was asked for is handed out, to its consumer, by position, up to the limit', async () => {
      const { consumer } = await parked({ position: 9n });
      for (const position of [3n, 1n, 2n]) await request(await parked({ consumer, position }));
      await request(await parked({ position: 4n }));
      const positions = async () =>
        (await store().takeReplays(ctx, { consumer, limit: 2 })).map(({ position }) => position);
      assert.deepEqual([await positions(), await positions()], [[1n, 2n], [3n]]);
    });

    it('a replay that succeeded resolves the letter, and it is not replayed again', async () => {
      const letter = await parked();
      await request(letter);
      await take(letter);
      await store().resolveReplay(ctx, { consumer: letter.consumer, position: letter.position });
      const resolved = await now(letter);
      assert.deepEqual([resolved.state, resolved.replays], ['resolved', 1]);
      assert.ok(resolved.resolvedAt);
      await store().resolveReplay(ctx, { consumer: letter.consumer, position: letter.position });
      assert.deepEqual(await now(letter), resolved, 'resolved twice is resolved once');
      await assert.rejects(request(letter), refusedAs('conflict', 'letter_resolved'));
      assert.deepEqual(await take(letter), []);
    });

    it('a replay that failed parks the letter again with what went wrong, and may be requested again', async () => {
      const letter = await parked();
      const { parkedAt } = await now(letter);
      await request(letter);
      await take(letter);
      await store().park(ctx, { ...letter, reason: 'gateway_away', deliveries: 2 });
      const again = await now(letter);
      assert.deepEqual(
        [again.state, again.reason, again.deliveries, again.replays, again.replayRequestedAt],
        ['parked', 'gateway_away', 2, 1, undefined],
      );
      assert.deepEqual(again.parkedAt, parkedAt);
      assert.deepEqual(await take(letter), []);
      await request(letter);
      assert.equal((await take(letter))[0]?.replays, 2);
    });

    it('parking once more what waits to be taken does not undo that it was asked for', async () => {
      const letter = await parked();
      await request(letter);
      await store().park(ctx, { ...letter, reason: 'late' });
      assert.deepEqual(
        (await take(letter)).map(({ reason }) => reason),
        [letter.reason],
      );
    });

    it('what fails after it was resolved is parked again', async () => {
      const letter = await parked();
      await store().resolveReplay(ctx, { consumer: letter.consumer, position: letter.position });
      await store().park(ctx, { ...letter, reason: 'again' });
      const { state, reason, resolvedAt } = await now(letter);
      assert.deepEqual([state, reason, resolvedAt], ['parked', 'again', undefined]);
    });

    it('more than a page of them are listed page by page, each once, for any consumer', async () => {
      const { consumer } = await parked({ position: 1n });
      const all = [`1 ${consumer}`];
      for (let n = 0; n < 3; n++) {
        await parked({ consumer: `${consumer}-b`, position: 2n + BigInt(n) });
        await parked({ consumer: `${consumer}-a`, position: 2n + BigInt(n) });
        all.push(`${2 + n} ${consumer}-a`, `${2 + n} ${consumer}-b`);
      }
      const seen: string[] = [];
      let after: { position: bigint; consumer: string } | undefined;
      for (;;) {
        const page = await store().deadLetters(ctx, {
          ...(after === undefined ? {} : { after }),
          limit: 2,
        });
        assert.ok(page.length <= 2);
        after = page.at(-1);
        if (after === undefined) break;
        // The store may hold letters of other tests.
        const own = page.filter((letter) => letter.consumer.startsWith(consumer));
        seen.push(...own.map(({ position, consumer: whose }) => `${position} ${whose}`));
      }
      assert.deepEqual(seen, all);
    });

    it('one that is closed keeps why and when, is not replayed, and is not parked once more', async () => {
      const letter = await parked();
      await request(letter);
      const { consumer, position } = letter;
      const closed = await store().closeLetter(ctx, {
        consumer,
        position,
        reason: 'ended by hand',
      });
      assert.deepEqual(
        [closed.state, closed.closeReason, closed.replayRequestedAt],
        ['closed', 'ended by hand', undefined],
      );
      assert.ok(closed.closedAt);
      assert.deepEqual(await take(letter), [], 'the replay was called off');
      await assert.rejects(request(letter), refusedAs('conflict', 'letter_closed'));
      await store().park(ctx, { ...letter, reason: 'again' });
      await store().resolveReplay(ctx, { consumer, position });
      assert.deepEqual(
        await store().closeLetter(ctx, { consumer, position, reason: 'other' }),
        closed,
      );
      assert.deepEqual(await now(letter), closed);
      assert.deepEqual(await store().deadLetters(ctx, { consumer, state: 'closed', limit: 10 }), [
        closed,
      ]);
      assert.deepEqual(
        await store().deadLetters(ctx, { consumer, state: 'parked', limit: 10 }),
        [],
      );
    });

    it('what is resolved, being served, or not there, is not closed', async () => {
      const letter = await parked();
      const { consumer, position } = letter;
      const close = () => store().closeLetter(ctx, { consumer, position, reason: 'why' });
      await request(letter);
      await take(letter);
      await assert.rejects(close(), refusedAs('conflict', 'letter_being_replayed'));
      await store().resolveReplay(ctx, { consumer, position });
      await assert.rejects(close(), refusedAs('conflict', 'letter_resolved'));
      await assert.rejects(
        store().closeLetter(ctx, { consumer, position: 99n, reason: 'why' }),
        refusedAs('not_found', 'letter_not_found'),
      );
    });

    it('a replay of a letter that there is not is refused', async () => {
      await assert.rejects(request(aLetter()), refusedAs('not_found', 'letter_not_found'));
    });
  });

  async function all(filter: EventFilter): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const event of await store().stream(ctx, filter)) events.push(event);
    return events;
  }
}
