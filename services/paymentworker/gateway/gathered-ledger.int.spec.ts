import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { newId } from '../../../shared/eventstore/ids.ts';
import { background } from '../../../shared/kit/context.ts';
import { isKind } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { noMeter } from '../../../shared/kit/metrics/meter.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { minor } from '../../../shared/money/money.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { gatheredLedger } from './gathered-ledger.ts';
import { type Ledger, sqlLedger } from './ledger.ts';
import type { Debit } from './payment-gateway.ts';

const ctx = background();

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`ledger of lines begun together, ${isolation}`, () => {
    let database: Database;
    let statements: number;
    let ledger: Ledger;

    before(async () => {
      const url = await (await testPostgres()).createDatabase();
      const folder = join(import.meta.dirname, '../migrations');
      await migrate({ url, folder, logger: silentLogger });
      database = createDatabase({
        url,
        name: 'paymentworker',
        poolSize: 8,
        queryTimeoutMs: 5_000,
        logger: silentLogger,
        isolation,
      });
    });
    after(() => database.stop());
    beforeEach(() => {
      statements = 0;
      ledger = aLedger();
    });

    function aLedger(): Ledger {
      const counted: Database = {
        ...database,
        query: (...args) => {
          statements++;
          return database.query(...args);
        },
      };
      return gatheredLedger(sqlLedger(counted), counted, { timeoutMs: 5_000, meter: noMeter });
    }

    const someDebit = (): Debit => ({
      idempotencyKey: newId(),
      // Not in the order of time, as `newId` is: the statement sorts them.
      orderId: randomUUID(),
      customerId: 'customer-1',
      amount: minor(500),
    });
    const enter = (on: Ledger, debit: Debit, paymentId = `of ${debit.orderId}`) =>
      on.enter(ctx, debit, { outcome: 'debited', paymentId });

    it('each debit gets its own line, and many share a statement', async () => {
      const debits = Array.from({ length: 250 }, someDebit);
      const lines = await Promise.all(debits.map((debit) => enter(ledger, debit)));
      for (const [index, { orderId, idempotencyKey }] of debits.entries()) {
        assert.equal(lines[index]?.orderId, orderId);
        assert.equal(lines[index]?.idempotencyKey, idempotencyKey);
        assert.equal(lines[index]?.paymentId, `of ${orderId}`);
      }
      assert.equal(statements, 3);
      const each = await Promise.all(debits.map(({ orderId }) => ledger.balance(ctx, orderId)));
      for (const { debits: taken } of each) assert.equal(taken, 500n);
    });

    it('a line that stands keeps its first answer, and a tombstone stays one', async () => {
      const [before, voided, fresh] = [someDebit(), someDebit(), someDebit()];
      await enter(ledger, before, 'first');
      await ledger.void(ctx, { idempotencyKey: newId(), orderId: voided.orderId }, 'done');
      const again = [before, voided, fresh].map((debit) => enter(ledger, debit, 'second'));
      const lines = await Promise.all(again);
      assert.deepEqual(
        lines.map(({ kind, paymentId }) => [kind, paymentId]),
        [
          ['debit', 'first'],
          ['tombstone', ''],
          ['debit', 'second'],
        ],
      );
    });

    it('a key of another order is refused to the debit that uses it, and to no other', async () => {
      const owner = someDebit();
      await enter(ledger, owner);
      const debits = [someDebit(), { ...someDebit(), ...{ idempotencyKey: owner.idempotencyKey } }];
      debits.push(someDebit());
      const [first, reused, last] = await Promise.allSettled(debits.map((d) => enter(ledger, d)));
      assert.ok(reused?.status === 'rejected' && isKind(reused.reason, 'already_exists'));
      assert.equal(first?.status, 'fulfilled');
      assert.equal(last?.status, 'fulfilled');
    });

    it('an order that is asked for twice in one statement is debited once', async () => {
      const [one, other] = [someDebit(), someDebit()];
      const lines = await Promise.all([
        enter(ledger, one, 'a'),
        enter(ledger, other),
        enter(ledger, one, 'b'),
      ]);
      assert.equal(lines[0].paymentId, lines[2].paymentId);
      assert.equal((await ledger.balance(ctx, one.orderId)).debits, 500n);
    });

    it('two instances that begin the same lines in opposite orders agree on each', async () => {
      const debits = Array.from({ length: 60 }, someDebit);
      const other = aLedger();
      const [ours, theirs] = await Promise.all([
        Promise.all(debits.map((debit) => enter(ledger, debit, 'ours'))),
        Promise.all(debits.toReversed().map((debit) => enter(other, debit, 'theirs'))),
      ]);
      assert.deepEqual(
        ours.map(({ paymentId }) => paymentId),
        theirs.toReversed().map(({ paymentId }) => paymentId),
      );
    });
  });
}
