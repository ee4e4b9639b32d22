import assert from 'node:assert/strict';
import { DeadLetter } from '../../../proto/gen/eventstore.ts';
import { deadLetterToWire } from '../../../shared/eventstore/grpc/wire.ts';
import { background } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { createDeadLetters } from './sql-letters.ts';

/** As a forged advisory of the broker leaves it: nothing else is so large. */
const row = {
  consumer: 'payment-worker',
  position: '1',
  event_id: 'e',
  reason: 'max_deliveries',
  last_error: '',
  deliveries: String(Number.MAX_SAFE_INTEGER),
  traceparent: '',
  parked_at: new Date(0),
  state: 'parked',
  replays: '0',
  replay_requested_at: null,
  resolved_at: null,
};

describe('dead letters', () => {
  it('one that tells of more deliveries than the contract can is sent all the same', async () => {
    const database = { query: async () => [row] } as unknown as Database;
    const [letter] = await createDeadLetters(database, 'ORDERS').list(background(), {}, 1);
    assert.ok(letter !== undefined);
    const sent = DeadLetter.encode(deadLetterToWire(letter)).finish();
    assert.equal(DeadLetter.decode(sent).deliveries, 2 ** 31 - 2);
  });
});
