import assert from 'node:assert/strict';
import { ListDeadLettersResponse } from '../../../proto/gen/eventstore.ts';
import type { ParkedLetter } from '../../../shared/eventstore/dead-letters.ts';
import { grpcLimits } from '../../../shared/kit/transport/grpc/limits.ts';
import { MAX_PAGE } from '../request-rules.ts';
import { lettersToWire } from './letter-messages.ts';

/** As large as a letter that is kept can be. */
const longest: ParkedLetter = {
  consumer: 'x'.repeat(128),
  position: 2n ** 63n - 1n,
  eventId: '注'.repeat(200),
  reason: '注'.repeat(128),
  lastError: '注'.repeat(1_000),
  deliveries: 2 ** 31 - 1,
  traceparent: '注'.repeat(64),
  parkedAt: new Date(8e12),
  state: 'requested',
  replays: 2 ** 31 - 1,
  replayRequestedAt: new Date(8e12),
  resolvedAt: new Date(8e12),
  closedAt: new Date(8e12),
  closeReason: '注'.repeat(500),
};

describe('dead letters in a message', () => {
  it('fit however many may be asked for and however long they are, and none is left out', () => {
    const letters = lettersToWire(Array<ParkedLetter>(MAX_PAGE).fill(longest));
    assert.equal(letters.length, MAX_PAGE);
    const { length } = ListDeadLettersResponse.encode({ letters }).finish();
    assert.ok(length < grpcLimits.maxMessageBytes, `${length} bytes`);
  });

  it('tell all where there is room for it', () => {
    const [letter] = lettersToWire([longest]);
    assert.equal(letter?.lastError, longest.lastError);
  });
});
