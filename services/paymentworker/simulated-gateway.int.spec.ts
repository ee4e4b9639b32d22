import assert from 'node:assert/strict';
import { join } from 'node:path';
import { newId } from '../../shared/contracts/ids.ts';
import { MAX_AMOUNT, minor } from '../../shared/domain/money.ts';
import { background } from '../../shared/kit/context.ts';
import { createDatabase, type Database } from '../../shared/kit/database.ts';
import { isKind } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { migrate } from '../../shared/kit/migrations.ts';
import { testPostgres } from '../../stack/testing.ts';
import { sqlLedger } from './ledger.ts';
import type { Debit } from './payment-gateway.ts';
import { paymentGatewayContract } from './payment-gateway-contract.ts';
import { type Simulation, simulatedGateway } from './simulated-gateway.ts';

const wellBehaved: Simulation = {
  declineAbove: MAX_AMOUNT,
  declineCustomers: ['broke'],
  delayMs: 0,
  failureRate: 0,
};

// A client's own default isolation, and the one that CockroachDB has.
for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`simulated gateway over PostgreSQL, ${isolation}`, () => {
    const ctx = background();
    let database: Database;

    before(async () => {
      const url = await (await testPostgres()).createDatabase();
      const folder = join(import.meta.dirname, 'migrations');
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

    async function debitsOf(orderId: string): Promise<number> {
      const [row] = await database.query<{ n: string }>(
        ctx,
        (sql) => sql`
          select count(*) as n from ledger
          where order_id = ${orderId}::text and outcome = 'debited'`,
      );
      return Number(row?.n);
    }

    const someDebit = (): Debit => ({
      idempotencyKey: newId(),
      orderId: newId(),
      customerId: 'customer-1',
      amount: minor(500),
    });

    paymentGatewayContract(async () => ({
      gateway: simulatedGateway(sqlLedger(database), wellBehaved),
      declined: (debit) => ({ ...debit, customerId: 'broke' }),
      debitsOf,
    }));

    it('declines above the amount it was told, and not at it', async () => {
      const told = { ...wellBehaved, declineAbove: minor(500) };
      const gateway = simulatedGateway(sqlLedger(database), told);
      assert.equal((await gateway.debit(ctx, someDebit())).outcome, 'debited');
      const more = { ...someDebit(), amount: minor(501) };
      assert.equal((await gateway.debit(ctx, more)).outcome, 'declined');
    });

    it('a failure may come before the debit or after it, and asking again settles it', async () => {
      const told = { ...wellBehaved, failureRate: 0.5 };
      for (const { luck, entered } of [
        { luck: 0.1, entered: 0 },
        { luck: 0.4, entered: 1 },
      ]) {
        const debit = someDebit();
        const unlucky = simulatedGateway(sqlLedger(database), told, () => luck);
        await assert.rejects(unlucky.debit(ctx, debit), (error) => isKind(error, 'unavailable'));
        assert.equal(await debitsOf(debit.orderId), entered);
        const lucky = simulatedGateway(sqlLedger(database), told, () => 0.9);
        assert.equal((await lucky.debit(ctx, debit)).outcome, 'debited');
        assert.equal(await debitsOf(debit.orderId), 1);
      }
    });

    it('takes the time it was told to take', async () => {
      const gateway = simulatedGateway(sqlLedger(database), { ...wellBehaved, delayMs: 40 });
      const began = performance.now();
      await gateway.debit(ctx, someDebit());
      assert.ok(performance.now() - began >= 35);
    });
  });
}
