import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CodedError } from '../../../shared/kit/errors.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import type { Append } from './append.ts';
import { classify, type KnownEvent, type Snapshot } from './classify.ts';

const empty: Snapshot = { known: new Map(), versions: new Map() };

function anAppend(aggregateId: string, expectedVersion?: bigint, ids = ['e']): Append {
  return { events: ids.map((eventId) => anEvent({ aggregateId, eventId })), expectedVersion };
}

function codeOf(result: unknown): unknown {
  return (result as { code?: string } | undefined)?.code;
}

describe('classify', () => {
  it('a later append of the same batch sees the versions assigned before it', () => {
    const batch = [
      anAppend('a', 0n, ['1', '2']),
      anAppend('a', 2n, ['3']),
      anAppend('a', undefined, ['4']),
    ];
    const { results, survivors } = classify(batch, empty);
    assert.deepEqual(results, [undefined, undefined, undefined]);
    assert.deepEqual(
      survivors.map(({ version }) => version),
      [1n, 2n, 3n, 4n],
    );
  });

  it('who lost in the batch is told the version that won', () => {
    const { results, unproven } = classify(
      [anAppend('a', 0n, ['1']), anAppend('a', 0n, ['2'])],
      empty,
    );
    assert.equal(codeOf(results[1]), 'version_conflict');
    assert.deepEqual([...unproven], [1]);
    assert.match((results[1] as Error).message, /is at version 1, not at 0/);
  });

  it('a repeat is answered before its version is looked at', () => {
    const append = anAppend('a', 0n);
    const [event] = append.events;
    assert.ok(event);
    const stored: KnownEvent = { ...event, version: 1n, position: 7n };
    const snapshot = {
      known: new Map([['e', stored]]),
      versions: new Map([['order\na', 3n]]),
    };
    assert.deepEqual(classify([append], snapshot), {
      results: [{ version: 1n, position: 7n }],
      unproven: new Set(),
      survivors: [],
    });
  });

  it('events that were written in other company are no repeat', () => {
    const append = anAppend('a', 0n, ['1', '2']);
    const stored = append.events.map(
      (event, index): KnownEvent => ({
        ...event,
        version: BigInt(index) + 1n,
        position: BigInt(index) * 2n + 1n,
      }),
    );
    const snapshot = {
      known: new Map(stored.map((one) => [one.eventId, one])),
      versions: new Map(),
    };
    assert.equal(codeOf(classify([append], snapshot).results[0]), 'event_id_reused');
  });

  it('survivors get versions without a gap, whatever the batch', () => {
    const appends = fc.array(
      fc.record({
        aggregate: fc.constantFrom('a', 'b', 'c'),
        expected: fc.option(fc.bigInt({ min: 0n, max: 6n }), { nil: undefined }),
        count: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(appends, fc.bigInt({ min: 0n, max: 3n }), (specs, start) => {
        let id = 0;
        const batch = specs.map(({ aggregate, expected, count }) =>
          anAppend(
            aggregate,
            expected,
            Array.from({ length: count }, () => `e${id++}`),
          ),
        );
        const versions = new Map(
          [['order\na', start]].filter(([, version]) => version !== 0n) as [string, bigint][],
        );
        const { results, survivors } = classify(batch, { ...empty, versions });
        const next = new Map<string, bigint>([['a', start]]);
        for (const { event, version } of survivors) {
          assert.equal(version, (next.get(event.aggregateId) ?? 0n) + 1n);
          next.set(event.aggregateId, version);
        }
        const written = new Set(survivors.map(({ event }) => event.eventId));
        for (const [index, { events }] of batch.entries()) {
          for (const { eventId } of events) {
            assert.equal(
              written.has(eventId),
              results[index] === undefined,
              'answered or written, never both',
            );
          }
        }
      }),
    );
  });

  it('a repeat is all that was written then: in one piece, in its order, with the same content', () => {
    const append = anAppend('a', 0n, ['1', '2']);
    const at = (...positions: readonly (bigint | undefined)[]): Snapshot => ({
      known: new Map(
        append.events.flatMap((event, index): [string, KnownEvent][] => {
          const position = positions[index];
          return position === undefined
            ? []
            : [[event.eventId, { ...event, version: BigInt(index) + 1n, position }]];
        }),
      ),
      versions: new Map(),
    });
    const answer = (snapshot: Snapshot) => classify([append], snapshot).results[0];
    assert.deepEqual(answer(at(7n, 8n)), { version: 2n, position: 8n });
    for (const [snapshot, id] of [
      [at(8n, 7n), '2'],
      [at(7n, 9n), '2'],
      [at(7n, undefined), '1'],
      [at(undefined, 7n), '2'],
    ] as const) {
      const refused = answer(snapshot);
      assert.ok(refused instanceof CodedError);
      assert.deepEqual([refused.kind, refused.code], ['already_exists', 'event_id_reused']);
      assert.match(refused.message, new RegExp(`^Event id ${id} is already in the log`));
    }
    const others = at(7n, 8n);
    const [event] = append.events;
    assert.ok(event);
    const changed = { ...event, data: '{"other":1}', version: 1n, position: 7n };
    const known = new Map([...others.known, ['1', changed]]);
    assert.equal(codeOf(answer({ ...others, known })), 'event_id_reused');
  });

  it('an id that is told of is one of its own, whatever else the batch knows', () => {
    const one = anAppend('a', 0n, ['1', '2']);
    const strange: KnownEvent = { ...anEvent({ eventId: '9' }), version: 1n, position: 1n };
    const second = one.events[1];
    assert.ok(second);
    const known = new Map<string, KnownEvent>([
      ['9', strange],
      ['2', { ...second, version: 4n, position: 4n }],
    ]);
    const [refused] = classify([one], { known, versions: new Map() }).results;
    assert.match((refused as Error).message, /^Event id 2 is/);
  });

  it('a conflict names the order and both versions', () => {
    const { results } = classify([anAppend('a', 3n)], empty);
    const [refused] = results;
    assert.ok(refused instanceof CodedError);
    assert.deepEqual([refused.kind, refused.code], ['conflict', 'version_conflict']);
    assert.match(refused.message, /^The order a is at version 0, not at 3/);
  });
});
