import assert from 'node:assert/strict';
import {
  judge,
  mayGrow,
  type Observed,
  type ObservedMessage,
  type ObservedStream,
} from './verdict.ts';

const message = (sequence: bigint, eventId = `e${sequence}`, ours = true): ObservedMessage => ({
  sequence,
  eventId,
  ours,
});
/** As somebody publishes by hand: no id, no form. */
const foreign = (sequence: bigint) => message(sequence, '', false);

/** A whole stream of five messages of ours. */
function stream(overrides: Partial<ObservedStream> = {}): ObservedStream {
  return {
    messages: 5n,
    first: 1n,
    last: 5n,
    lastMessage: message(5n),
    unfit: undefined,
    ...overrides,
  };
}

/** That stream beside a log of nine events, e1 to e9. */
function beside(overrides: Partial<Observed> = {}): Observed {
  return {
    stream: stream(),
    head: 9n,
    idAtLast: 'e5',
    idAtHead: 'e9',
    messageAtHead: undefined,
    messageAfterHead: undefined,
    ...overrides,
  };
}

/** A log that ends at 3, beside that stream. */
const ahead = (overrides: Partial<Observed> = {}) =>
  beside({
    head: 3n,
    idAtLast: undefined,
    idAtHead: 'e3',
    messageAtHead: message(3n),
    messageAfterHead: message(4n),
    ...overrides,
  });

describe('the relay judges a stream', () => {
  it('complete and ours: it goes on after its last sequence', () => {
    assert.deepEqual(judge(beside()), { kind: 'follow', after: 5n });
    const whole = beside({ head: 5n, idAtHead: 'e5' });
    assert.deepEqual(judge(whole), { kind: 'follow', after: 5n });
  });

  const empty = stream({ messages: 0n, first: 0n, last: 0n, lastMessage: undefined });
  const unfit = 'storage is memory and must be file';
  const cases: readonly (readonly [what: string, observed: Observed, kind: string])[] = [
    ['new and empty: it begins at the beginning', beside({ stream: empty }), 'follow'],
    ['with a hole inside: made again', beside({ stream: stream({ messages: 4n }) }), 'remake'],
    [
      'with a hole at the start: made again',
      beside({ stream: stream({ messages: 3n, first: 3n }) }),
      'remake',
    ],
    [
      'with a hole at the end: made again',
      beside({ stream: stream({ messages: 4n, lastMessage: message(4n) }), idAtLast: 'e4' }),
      'remake',
    ],
    [
      'of one message, and emptied: made again',
      beside({ stream: stream({ messages: 0n, first: 2n, last: 1n, lastMessage: undefined }) }),
      'remake',
    ],
    [
      'emptied by somebody: made again',
      beside({ stream: stream({ messages: 0n, first: 6n, lastMessage: undefined }) }),
      'remake',
    ],
    // The log was restored to an older state.
    ['with what the log has lost: the log must not grow', ahead(), 'behind'],
    [
      'with what the log has lost, all of it: the log must not grow',
      ahead({
        head: 0n,
        idAtHead: undefined,
        messageAtHead: undefined,
        messageAfterHead: message(1n),
      }),
      'behind',
    ],
    [
      'with a part of what the log has lost: the log must not grow',
      ahead({ messageAfterHead: undefined }),
      'behind',
    ],
    [
      'with a hole where the log ends, and more: nobody knows whether they agree',
      ahead({ messageAtHead: undefined }),
      'differs',
    ],
    // The log was restored, and appended to since.
    [
      'with another event of ours at the head',
      ahead({ messageAtHead: message(3n, 'x') }),
      'differs',
    ],
    ['with another event of ours at its end', beside({ idAtLast: 'x' }), 'differs'],
    [
      'that ends where the log does, with another event',
      beside({ head: 5n, idAtLast: 'x' }),
      'differs',
    ],
    [
      'with another event of ours at its end, and with a hole',
      beside({ stream: stream({ messages: 2n }), idAtLast: 'x' }),
      'differs',
    ],
    // Somebody else publishes into it.
    [
      'with a foreign message at its end: refused',
      beside({ stream: stream({ lastMessage: foreign(5n) }) }),
      'refuse',
    ],
    [
      'with a foreign message beyond the log: refused',
      ahead({
        stream: stream({ last: 4n, messages: 4n, lastMessage: foreign(4n) }),
        messageAfterHead: foreign(4n),
      }),
      'refuse',
    ],
    [
      'with a foreign message where the log ends: refused',
      ahead({ messageAtHead: foreign(3n), messageAfterHead: foreign(4n) }),
      'refuse',
    ],
    [
      'with foreign messages beside an empty log: refused',
      ahead({
        head: 0n,
        idAtHead: undefined,
        messageAtHead: undefined,
        messageAfterHead: foreign(1n),
        stream: stream({ lastMessage: foreign(5n) }),
      }),
      'refuse',
    ],
    [
      'with a foreign message behind what the log has lost: the log must not grow',
      ahead({ stream: stream({ lastMessage: foreign(5n) }) }),
      'behind',
    ],
    [
      'emptied, and once ahead of the log: refused',
      beside({ stream: stream({ messages: 0n, first: 11n, last: 10n, lastMessage: undefined }) }),
      'refuse',
    ],
    // Made by somebody with another configuration.
    ['of no use and empty: made again', beside({ stream: { ...empty, unfit } }), 'remake'],
    [
      'of no use, emptied: made again',
      beside({ stream: { ...empty, unfit, first: 10n, last: 9n } }),
      'remake',
    ],
    ['of no use, with messages: refused', beside({ stream: stream({ unfit }) }), 'refuse'],
    [
      'of no use, with a hole: refused',
      beside({ stream: stream({ unfit, messages: 4n }) }),
      'refuse',
    ],
    ['of no use, with what the log has lost', ahead({ stream: stream({ unfit }) }), 'behind'],
  ];
  for (const [what, observed, kind] of cases) {
    it(`${what} (${kind})`, () => {
      const verdict = judge(observed);
      assert.equal(verdict.kind, kind);
      assert.equal(mayGrow(verdict), kind !== 'behind' && kind !== 'differs');
    });
  }

  it('says what it saw', () => {
    const why = (observed: Observed) => {
      const verdict = judge(observed);
      return verdict.kind === 'follow' ? '' : verdict.why;
    };
    assert.equal(
      why(ahead()),
      'the stream is at 5, ahead of the log at 3: the log has lost what came after 3',
    );
    assert.equal(
      why(beside({ idAtLast: 'x' })),
      "the stream's message 5 is e5, but the log has x there",
    );
    assert.equal(
      why(beside({ stream: { ...empty, unfit } })),
      `the stream is empty and cannot be used: ${unfit}`,
    );
    assert.equal(
      why(beside({ stream: stream({ unfit }) })),
      `the stream cannot be used: ${unfit}; and it holds 5 messages`,
    );
    assert.match(why(beside({ stream: stream({ messages: 4n }) })), /4 of 5 messages/);
    assert.match(why(beside({ idAtLast: undefined })), /5 is e5, but the log has none there/);
    const nameless = stream({ lastMessage: foreign(5n) });
    assert.match(why(beside({ stream: nameless })), /5 is without an id/);
  });
});
