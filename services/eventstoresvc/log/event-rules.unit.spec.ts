import assert from 'node:assert/strict';
import type { NewEvent } from '../../../shared/eventstore/event-store.ts';
import { encodeMessage } from '../../../shared/eventstore/message.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { checkAppend } from './event-rules.ts';

const limits = { stream: 'ORDERS', maxDataBytes: 1_000 };

function fieldsAtFault(...events: NewEvent[]): string[] {
  try {
    checkAppend({ events, expectedVersion: undefined }, limits);
    return [];
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.equal(error.kind, 'invalid');
    return error.problems.map(({ field }) => field);
  }
}

describe('what may enter the log', () => {
  const accepted: [string, Partial<NewEvent>][] = [
    ['empty data', { data: '' }],
    ['brackets in texts, which nest nothing', { data: JSON.stringify('[{'.repeat(200)) }],
    ['brackets behind an escaped quote', { data: `"\\"${'['.repeat(200)}"` }],
    ['many objects beside one another', { data: `[${'{"a":[]},'.repeat(60)}{}]` }],
    ['data as deep as readers bear', { data: '['.repeat(100) + ']'.repeat(100) }],
    ['any JSON', { data: '[1, "two", null]' }],
    ['an escaped NUL, which is text', { data: '"\\u0000"' }],
    ['ids of other scripts', { eventId: '注文-1', aggregateId: 'Bestellung Nr. 5' }],
    ['a type that is not ours', { eventType: 'ORDERS.some_thing-2' }],
    ['known metadata', { metadata: { traceparent: '00-aa-bb-01', correlation_id: 'x' } }],
    ['an escaped pair of surrogates', { data: '{"\\ud83d\\uDE00":"\\uD83D\\uDE00"}' }],
    ['what only looks like half a pair', { data: '"\\\\ud83d"' }],
    ['the longest id', { eventId: 'x'.repeat(200) }],
  ];
  for (const [what, overrides] of accepted) {
    it(`accepts ${what}`, () => assert.deepEqual(fieldsAtFault(anEvent(overrides)), []));
  }

  const refused: [string, Partial<NewEvent>, string][] = [
    ['no id', { eventId: '' }, 'event.event_id'],
    ['an id that is too long', { aggregateId: 'x'.repeat(201) }, 'event.aggregate_id'],
    [
      'a line break, which would split a header',
      { eventId: 'a\r\nNats-Rollup: all' },
      'event.event_id',
    ],
    ['a control character', { aggregateType: 'a\u0000' }, 'event.aggregate_type'],
    ['blanks at the ends, which headers lose', { aggregateId: ' a' }, 'event.aggregate_id'],
    ['a lone surrogate', { aggregateId: 'a\ud800' }, 'event.aggregate_id'],
    ['no type', { eventType: '' }, 'event.event_type'],
    ['a type of another stream', { eventType: 'PAYMENTS.created' }, 'event.event_type'],
    [
      'a type of two tokens, which the stream would not take',
      { eventType: 'ORDERS.a.b' },
      'event.event_type',
    ],
    ['a wildcard', { eventType: 'ORDERS.*' }, 'event.event_type'],
    ['a type that is too long', { eventType: `ORDERS.${'x'.repeat(122)}` }, 'event.event_type'],
    ['text that is not JSON', { data: '{' }, 'event.event_data'],
    [
      'data so deep that readers overflow',
      { data: '['.repeat(101) + ']'.repeat(101) },
      'event.event_data',
    ],
    [
      'data so deep in objects and arrays by turns',
      { data: `${'{"a":['.repeat(51)}${']}'.repeat(51)}` },
      'event.event_data',
    ],
    [
      'data so deep behind a text that ends in a backslash',
      { data: `["\\\\",${'['.repeat(100)}${']'.repeat(101)}` },
      'event.event_data',
    ],
    ['half of a surrogate pair in a text', { data: '{"a":["x\\uD83D"]}' }, 'event.event_data'],
    ['the other half of a pair', { data: '"\\udE00\\ud83d"' }, 'event.event_data'],
    ['half of a surrogate pair in a name', { data: '{"\\ud83d":1}' }, 'event.event_data'],
    ['a raw NUL', { data: '"\0"' }, 'event.event_data'],
    ['data that the broker would not take', { data: `"${'x'.repeat(999)}"` }, 'event.event_data'],
    [
      "the broker's own headers",
      { metadata: { 'Nats-Rollup': 'all' } },
      'event.metadata.Nats-Rollup',
    ],
    [
      'metadata with a line break',
      { metadata: { traceparent: 'a\nb' } },
      'event.metadata.traceparent',
    ],
    [
      'metadata without end',
      { metadata: { tracestate: 'x'.repeat(513) } },
      'event.metadata.tracestate',
    ],
  ];
  for (const [what, overrides, field] of refused) {
    it(`refuses ${what}`, () => assert.deepEqual(fieldsAtFault(anEvent(overrides)), [field]));
  }

  it('takes back what an older release took: half of a surrogate pair', () => {
    const event = anEvent({ data: '"\\ud83d"' });
    const append = { events: [event], expectedVersion: undefined };
    const limits = { stream: 'ORDERS', maxDataBytes: 1_000 };
    checkAppend(append, { ...limits, stoodBefore: true });
    assert.throws(() => checkAppend(append, limits));
  });

  it('names every field that is at fault', () => {
    assert.deepEqual(fieldsAtFault(anEvent({ eventId: '', eventType: 'x', data: '{' })), [
      'event.event_id',
      'event.event_type',
      'event.event_data',
    ]);
  });

  it('what is too many to be looked at is counted, so that a refusal stays small', () => {
    const event = anEvent({ eventId: '' });
    assert.deepEqual(fieldsAtFault(...Array(101).fill(event)), ['events']);
    const metadata = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, '']));
    assert.deepEqual(fieldsAtFault(anEvent({ metadata })), ['event.metadata']);
  });

  it('headers of the largest event that is accepted stay under 16 kB', () => {
    const long = '注'.repeat(200);
    const event = anEvent({
      eventId: long,
      aggregateId: long,
      aggregateType: long,
      eventType: `ORDERS.${'x'.repeat(121)}`,
      metadata: Object.fromEntries(
        ['traceparent', 'tracestate', 'correlation_id', 'causation_id', 'actor'].map((key) => [
          key,
          'x'.repeat(512),
        ]),
      ),
    });
    assert.deepEqual(fieldsAtFault(event), []);
    const { headers } = encodeMessage({
      ...event,
      stream: 'ORDERS',
      version: 2n ** 62n,
      position: 2n ** 62n,
      createdAt: new Date(),
    });
    let bytes = 0;
    for (const [key, values] of headers) bytes += Buffer.byteLength(`${key}: ${values.join()}\r\n`);
    assert.ok(bytes < 16 * 1024, `${bytes} bytes`);
  });

  it('events of one append belong to one aggregate and have ids of their own', () => {
    const event = anEvent();
    assert.deepEqual(fieldsAtFault(event, anEvent()), ['events[1].aggregate_id']);
    assert.deepEqual(fieldsAtFault(event, event), ['events[1].event_id']);
    assert.deepEqual(fieldsAtFault(), ['event']);
  });

  /** What is said, each with its field. */
  function said(events: readonly NewEvent[], expectedVersion?: bigint): string[] {
    try {
      checkAppend({ events, expectedVersion }, limits);
      return [];
    } catch (error) {
      assert.ok(error instanceof CodedError);
      assert.deepEqual([error.kind, error.code], ['invalid', 'invalid_event']);
      return error.problems.map(({ field, message }) => `${field} ${message}`);
    }
  }
  const keys = 'traceparent, tracestate, correlation_id, causation_id, actor';

  it('says what is wrong with each', () => {
    const event = anEvent();
    const metadata = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, '']));
    const strange = `\u00e9${'x'.repeat(60)}`;
    for (const [events, lines] of [
      [[], ['event is missing']],
      [Array(101).fill(event), ['events holds 101, at most 100 are allowed']],
      [[anEvent({ eventId: '' })], ['event.event_id is empty']],
      [[event, event], ['events[1].event_id occurs twice in the append']],
      [
        [event, anEvent({ aggregateId: event.aggregateId, aggregateType: 'other' })],
        ['events[1].aggregate_id must be the same for all events of an append'],
      ],
      [[anEvent({ data: '"\0"' })], ['event.event_data holds a NUL character']],
      [[anEvent({ metadata })], [`event.metadata holds 17 keys; allowed are ${keys}`]],
      [
        [anEvent({ metadata: { [strange]: '' } })],
        [`event.metadata.?${'x'.repeat(39)} is not one of ${keys}`],
      ],
    ] as const) {
      assert.deepEqual(said(events), lines);
    }
    assert.deepEqual(said([event], -1n), ['expected_version is -1, but must not be negative']);
    assert.deepEqual(said([event], 0n), []);
    assert.deepEqual(said([event], 1n), []);
  });

  it('takes what is at the edge', () => {
    const { aggregateId } = anEvent();
    const hundred = Array.from({ length: 100 }, () => anEvent({ aggregateId }));
    assert.deepEqual(said(hundred), []);
    assert.doesNotThrow(() => checkAppend({ events: hundred, expectedVersion: 0n }, limits));
    const wrong = hundred.map((event) => ({ ...event, data: '{' }));
    assert.equal(said(wrong).length, 100, 'each is looked at');
    assert.deepEqual(said([anEvent({ data: `"${'x'.repeat(998)}"` })]), [], '1,000 bytes');
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, '']));
    assert.equal(said([anEvent({ metadata })]).length, 16, 'named one by one');
    // The brackets of a text nest nothing, however they are written.
    const deep = (n: number) => `${'['.repeat(n)}"[[\\"[["${']'.repeat(n)}`;
    assert.deepEqual(said([anEvent({ data: deep(100) })]), []);
    assert.equal(said([anEvent({ data: deep(101) })]).length, 1);
  });
});
