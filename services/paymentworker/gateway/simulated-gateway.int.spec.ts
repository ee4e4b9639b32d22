import assert from 'node:assert/strict';
import { join } from 'node:path';
import { charging } from '../../../shared/domain/charging.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { background } from '../../../shared/kit/context.ts';
import { isKind } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { MAX_AMOUNT, minor } from '../../../shared/money/money.ts';
import { usd } from '../../../shared/testing/test-currency.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { sqlLedger } from './ledger.ts';
import { needingNoGateway } from './needing-no-gateway.ts';
import type { Debit } from './payment-gateway.ts';
import { paymentGatewayContract } from './payment-gateway-contract.ts';
import { type Simulation, simulatedGateway } from './simulated-gateway.ts';

const wellBehaved: Simulation = {
  declineAbove: MAX_AMOUNT,
  declineCustomers: ['broke'],
  failCustomers: ['silent'],
  slowCustomers: ['slow'],
  slowMs: 40,
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

    async function moved(orderId: string) {
      const [row] = await database.query<{ debits: string; voids: string }>(
        ctx,
        (sql) => sql`
          select count(*) as debits, count(voided_at) as voids from ledger
          where order_id = ${orderId}::text and outcome = 'debited'`,
      );
      return { debits: Number(row?.debits), voids: Number(row?.voids) };
    }

    const someDebit = (): Debit => ({
      idempotencyKey: newId(),
      orderId: newId(),
      customerId: 'customer-1',
      amount: minor(500),
    });

    paymentGatewayContract(async () => ({
      gateway: needingNoGateway(
        simulatedGateway(sqlLedger(database), wellBehaved),
        sqlLedger(database),
        charging(usd),
      ),
      declined: (debit) => ({ ...debit, customerId: 'broke' }),
      moved,
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
        assert.equal((await moved(debit.orderId)).debits, entered);
        const lucky = simulatedGateway(sqlLedger(database), told, () => 0.9);
        assert.equal((await lucky.debit(ctx, debit)).outcome, 'debited');
        assert.equal((await moved(debit.orderId)).debits, 1);
      }
    });

    it('a void that fails may have been entered, and asking again settles it', async () => {
      const told = { ...wellBehaved, failureRate: 0.5 };
      for (const { luck, entered } of [
        { luck: 0.1, entered: 0 },
        { luck: 0.4, entered: 1 },
      ]) {
        const debit = someDebit();
        const request = { idempotencyKey: newId(), orderId: debit.orderId };
        const lucky = simulatedGateway(sqlLedger(database), told, () => 0.9);
        await lucky.debit(ctx, debit);
        const unlucky = simulatedGateway(sqlLedger(database), told, () => luck);
        await assert.rejects(unlucky.void(ctx, request), (error) => isKind(error, 'unavailable'));
        assert.equal((await moved(debit.orderId)).voids, entered);
        assert.notEqual((await lucky.void(ctx, request)).paymentId, '');
        assert.equal((await moved(debit.orderId)).voids, 1);
      }
    });

    it('a customer whose debits are never answered is never debited, and can be voided', async () => {
      const gateway = simulatedGateway(sqlLedger(database), wellBehaved);
      const debit = { ...someDebit(), customerId: 'silent' };
      await assert.rejects(gateway.debit(ctx, debit), (error) => isKind(error, 'unavailable'));
      const request = { idempotencyKey: newId(), orderId: debit.orderId };
      assert.deepEqual(await gateway.void(ctx, request), { paymentId: '' });
      assert.deepEqual(await moved(debit.orderId), { debits: 0, voids: 0 });
    });

    it('takes longer for the customers it was told of, and only for them', async () => {
      const gateway = simulatedGateway(sqlLedger(database), { ...wellBehaved, slowMs: 400 });
      const slow = gateway.debit(ctx, { ...someDebit(), customerId: 'slow' });
      const first = await Promise.race([
        slow.then(() => 'slow'),
        gateway.debit(ctx, someDebit()).then(() => 'other'),
      ]);
      assert.equal(first, 'other');
      assert.equal((await slow).outcome, 'debited');
    });

    it('the books show what was debited, what was given back, and what is kept', async () => {
      const ledger = sqlLedger(database);
      const gateway = simulatedGateway(ledger, wellBehaved);
      const before = await ledger.balance(ctx);
      const [kept, voided, refused] = [someDebit(), someDebit(), someDebit()];
      await gateway.debit(ctx, kept);
      await gateway.debit(ctx, voided);
      for (const { orderId } of [voided, refused]) {
        await gateway.void(ctx, { idempotencyKey: newId(), orderId });
      }
      await gateway.debit(ctx, refused);
      await gateway.debit(ctx, { ...someDebit(), customerId: 'broke' });
      assert.deepEqual(await ledger.balance(ctx, kept.orderId), {
        debits: 500n,
        voids: 0n,
        net: 500n,
      });
      assert.deepEqual(await ledger.balance(ctx, voided.orderId), {
        debits: 500n,
        voids: 500n,
        net: 0n,
      });
      assert.equal((await ledger.balance(ctx, refused.orderId)).net, 0n);
      const now = await ledger.balance(ctx);
      assert.deepEqual([now.debits - before.debits, now.voids - before.voids], [1_000n, 500n]);
      assert.equal(now.net - before.net, 500n);
    });

    it('takes the time it was told to take', async () => {
      const gateway = simulatedGateway(sqlLedger(database), { ...wellBehaved, delayMs: 40 });
      const began = performance.now();
      await gateway.debit(ctx, someDebit());
      assert.ok(performance.now() - began >= 35);
    });
  });
}
