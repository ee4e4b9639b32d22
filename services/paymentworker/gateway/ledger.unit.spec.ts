import assert from 'node:assert/strict';
import postgres from 'postgres';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, isKind } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { minor } from '../../../shared/money/money.ts';
import { sqlLedger } from './ledger.ts';

const ctx = background();
const debit = { idempotencyKey: 'k', orderId: 'o', customerId: 'c', amount: minor(1) };

/** A database that reports a key taken so many times, and then has the line. */
function contended(times: number) {
  let calls = 0;
  const query = async () => {
    if (calls++ >= times) return [{ kind: 'debit', orderId: 'o' }];
    const cause = new postgres.PostgresError('duplicate key');
    cause.code = '23505';
    throw new CodedError('internal', 'database_error', 'Refused.', { cause });
  };
  return { database: { query } as unknown as Database, calls: () => calls };
}

describe('ledger', () => {
  it('two that begin a line at once and meet at its key both get the line', async () => {
    const { database, calls } = contended(1);
    assert.equal((await sqlLedger(database).enter(ctx, debit, 'asked')).orderId, 'o');
    assert.equal(calls(), 2);
  });

  it('whom another one that was rolled back meets at the key again gets the line, too', async () => {
    const { database, calls } = contended(3);
    assert.equal((await sqlLedger(database).enter(ctx, debit, 'asked')).orderId, 'o');
    assert.equal(calls(), 4);
  });

  it("a key that is another order's stays in the way, and is fought for four times at most", async () => {
    const { database, calls } = contended(9);
    await assert.rejects(sqlLedger(database).enter(ctx, debit, 'asked'), (error) =>
      isKind(error, 'already_exists'),
    );
    assert.equal(calls(), 4);
  });
});
