import assert from 'node:assert/strict';
import fc from 'fast-check';
import { anEvent } from '../../shared/testing/events.ts';
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
  it('whoever follows on in the same batch sees the versions given before it', () => {
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
    const { results } = classify([anAppend('a', 0n, ['1']), anAppend('a', 0n, ['2'])], empty);
    assert.equal(codeOf(results[1]), 'version_conflict');
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
});
