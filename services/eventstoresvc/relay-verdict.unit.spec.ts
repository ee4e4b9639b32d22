import assert from 'node:assert/strict';
import { judge, type ObservedStream } from './relay-verdict.ts';

function stream(overrides: Partial<ObservedStream> = {}): ObservedStream {
  return {
    messages: 5n,
    first: 1n,
    last: 5n,
    lastMessage: { sequence: 5n, eventId: 'e5' },
    unfit: undefined,
    ...overrides,
  };
}

describe('the relay judges a stream', () => {
  const kind = (state: ObservedStream, head: bigint, id: string | undefined) =>
    judge(state, head, id).kind;

  it('complete and ours: it goes on after its last sequence', () => {
    assert.deepEqual(judge(stream(), 9n, 'e5'), { kind: 'follow', after: 5n });
    assert.deepEqual(judge(stream(), 5n, 'e5'), { kind: 'follow', after: 5n });
  });

  it('new and empty: it begins at the beginning', () => {
    const empty = stream({ messages: 0n, first: 0n, last: 0n, lastMessage: undefined });
    assert.deepEqual(judge(empty, 9n, undefined), { kind: 'follow', after: 0n });
  });

  it('ours with a hole, wherever it is: made anew', () => {
    assert.equal(kind(stream({ messages: 4n }), 9n, 'e5'), 'remake', 'inside');
    assert.equal(kind(stream({ messages: 3n, first: 3n }), 9n, 'e5'), 'remake', 'at the start');
    const tail = stream({ messages: 4n, lastMessage: { sequence: 4n, eventId: 'e4' } });
    assert.equal(kind(tail, 9n, 'e4'), 'remake', 'at the end');
    const purged = stream({ messages: 0n, first: 6n, lastMessage: undefined });
    assert.equal(kind(purged, 9n, undefined), 'remake', 'everywhere');
  });

  it('ahead of the log, as after a restored backup: refused', () => {
    assert.equal(kind(stream(), 4n, undefined), 'refuse');
  });

  it("somebody else's messages are refused, even with a hole that would have it made anew", () => {
    assert.equal(kind(stream(), 9n, 'other'), 'refuse');
    assert.equal(kind(stream({ messages: 2n }), 9n, 'other'), 'refuse');
    assert.equal(kind(stream({ lastMessage: { sequence: 5n, eventId: '' } }), 9n, 'e5'), 'refuse');
  });

  it('of no use as it is configured: made anew where it is empty and the log can fill it, else refused', () => {
    const unfit = 'storage is memory and must be file';
    const empty = stream({ unfit, messages: 0n, first: 0n, last: 0n, lastMessage: undefined });
    assert.deepEqual(judge(empty, 9n, undefined), {
      kind: 'remake',
      why: `the stream is empty and cannot be used: ${unfit}`,
    });
    assert.equal(kind({ ...empty, first: 10n, last: 9n }, 9n, undefined), 'remake', 'emptied');
    assert.equal(kind({ ...empty, first: 11n, last: 10n }, 9n, undefined), 'refuse', 'ahead');
    assert.deepEqual(judge(stream({ unfit }), 9n, 'e5'), {
      kind: 'refuse',
      why: `the stream cannot be used: ${unfit}; and it holds 5 messages`,
    });
    assert.equal(kind(stream({ unfit, messages: 4n }), 9n, 'e5'), 'refuse', 'with a hole');
  });

  it('one message that was purged leaves a hole, too', () => {
    const purged = stream({ messages: 0n, first: 2n, last: 1n, lastMessage: undefined });
    assert.equal(kind(purged, 9n, undefined), 'remake');
  });

  it('says why, with what it saw', () => {
    const why = (state: ObservedStream, head: bigint, id: string | undefined) => {
      const verdict = judge(state, head, id);
      return verdict.kind === 'follow' ? '' : verdict.why;
    };
    assert.match(why(stream(), 4n, undefined), /at 5.* ahead of the log.* 4/);
    assert.match(why(stream({ messages: 4n }), 9n, 'e5'), /4 of 5 messages/);
    assert.match(why(stream(), 9n, 'other'), /5 is e5,? .*other/);
    assert.match(why(stream(), 9n, undefined), /5 is e5,? .*none/);
    const nameless = stream({ lastMessage: { sequence: 5n, eventId: '' } });
    assert.match(why(nameless, 9n, 'e5'), /5 is without an id/);
  });
});
