import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { charging, stripeCharging } from '../../../shared/domain/charging.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, isKind } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { Secret } from '../../../shared/kit/process/secret.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { minor } from '../../../shared/money/money.ts';
import { usd } from '../../../shared/testing/test-currency.ts';
import { type StripeMock, startStripeMock } from '../../../stack/stripe-mock.ts';
import { testFolder, testPostgres } from '../../../stack/testing.ts';
import { type Ledger, sqlLedger } from './ledger.ts';
import { needingNoGateway } from './needing-no-gateway.ts';
import type { PaymentGateway } from './payment-gateway.ts';
import { paymentGatewayContract } from './payment-gateway-contract.ts';
import { stripeGateway } from './stripe-gateway.ts';
import { type StripeIntents, stripeIntents } from './stripe-intents.ts';
import { type RememberedStripe, rememberedStripe } from './stripe-remembered.ts';

const ctx = background();
const unavailable = (error: unknown) => isKind(error, 'unavailable');

describe('Stripe gateway', () => {
  let database: Database;
  let ledger: Ledger;

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({
      url,
      folder: join(import.meta.dirname, '../migrations'),
      logger: silentLogger,
    });
    database = createDatabase({
      url,
      name: 'paymentworker',
      poolSize: 8,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    ledger = sqlLedger(database);
  });
  after(() => database.stop());

  const someDebit = () => ({
    idempotencyKey: newId(),
    orderId: newId(),
    customerId: 'customer-1',
    amount: minor(1_250),
  });

  describe('over a Stripe that remembers', () => {
    paymentGatewayContract(async () => {
      const stripe = rememberedStripe();
      return {
        gateway: needingNoGateway(stripeGateway(stripe, ledger), ledger, charging(usd)),
        declined: (debit) => ({ ...debit, customerId: 'broke' }),
        moved: async (orderId) => stripe.moved(orderId),
      };
    });
  });

  describe('between Stripe and the ledger', () => {
    let stripe: RememberedStripe;
    let gateway: PaymentGateway;
    const voidOf = (orderId: string) => ({ idempotencyKey: newId(), orderId });

    beforeEach(() => {
      stripe = rememberedStripe();
      gateway = stripeGateway(stripe, ledger);
    });

    it('a debit whose answer was lost is asked for again with the same key, and taken once', async () => {
      const debit = someDebit();
      stripe.loseNext();
      await assert.rejects(gateway.debit(ctx, debit), unavailable);
      assert.equal((await gateway.debit(ctx, debit)).outcome, 'debited');
      assert.deepEqual(stripe.asked, [debit, debit]);
      assert.deepEqual(stripe.moved(debit.orderId), { debits: 1, voids: 0 });
    });

    it('a void finds a debit whose answer was lost, and gives it back', async () => {
      const debit = someDebit();
      stripe.loseNext();
      await assert.rejects(gateway.debit(ctx, debit), unavailable);
      const { paymentId } = await gateway.void(ctx, voidOf(debit.orderId));
      assert.notEqual(paymentId, '');
      assert.deepEqual(stripe.moved(debit.orderId), { debits: 1, voids: 1 });
      assert.deepEqual(await gateway.debit(ctx, debit), { outcome: 'debited', paymentId });
      assert.deepEqual(stripe.moved(debit.orderId), { debits: 1, voids: 1 });
    });

    it('a debit that Stripe will not hear of is voided for good: no replay takes it later', async () => {
      const debit = someDebit();
      const refusing: typeof stripe = {
        ...stripe,
        create: () =>
          Promise.reject(new CodedError('invalid', 'payment_gateway_refused', 'No such method.')),
      };
      const misconfigured = stripeGateway(refusing, ledger);
      await assert.rejects(misconfigured.debit(ctx, debit));
      assert.deepEqual(await misconfigured.void(ctx, voidOf(debit.orderId)), { paymentId: '' });
      // Configured rightly, and replayed.
      assert.equal((await gateway.debit(ctx, debit)).outcome, 'declined');
      assert.deepEqual(await gateway.void(ctx, voidOf(debit.orderId)), { paymentId: '' });
      assert.deepEqual(stripe.moved(debit.orderId), { debits: 0, voids: 0 });
    });

    it('Stripe never hears of nothing: neither of its debit nor of its void', async () => {
      const debit = { ...someDebit(), amount: minor(0) };
      const relieved = needingNoGateway(gateway, ledger, charging(usd));
      assert.equal((await relieved.debit(ctx, debit)).outcome, 'debited');
      const request = voidOf(debit.orderId);
      assert.notEqual((await relieved.void(ctx, request)).paymentId, '');
      assert.deepEqual([stripe.asked, stripe.refundKeys], [[], []]);
      const line = await ledger.void(ctx, request, 'asked');
      assert.ok(line.voided, 'the books know that it was given back');
    });

    it('nothing that an older release asked Stripe for is debited all the same', async () => {
      const debit = { ...someDebit(), amount: minor(0) };
      await ledger.enter(ctx, debit, 'asked');
      const relieved = needingNoGateway(gateway, ledger, charging(usd));
      const answer = await relieved.debit(ctx, debit);
      assert.equal(answer.outcome, 'debited');
      assert.deepEqual(await relieved.debit(ctx, debit), answer);
    });

    it("a debit that Stripe was asked for by older rules is still Stripe's to answer", async () => {
      const debit = { ...someDebit(), amount: minor(49) };
      await ledger.enter(ctx, debit, 'asked');
      const relieved = needingNoGateway(gateway, ledger, charging(usd));
      assert.equal((await relieved.debit(ctx, debit)).outcome, 'debited');
      assert.deepEqual(stripe.asked, [debit]);
    });

    it('Stripe never hears of a debit that comes after its void', async () => {
      const debit = someDebit();
      await gateway.void(ctx, voidOf(debit.orderId));
      await gateway.debit(ctx, debit);
      assert.deepEqual(stripe.asked, []);
    });

    it('a void whose answer was lost is asked for again with the first key, and is not done until then', async () => {
      const debit = someDebit();
      await gateway.debit(ctx, debit);
      const request = voidOf(debit.orderId);
      stripe.loseNext();
      await assert.rejects(gateway.void(ctx, request), unavailable);
      assert.equal((await ledger.balance(ctx, debit.orderId)).net, 1_250n);
      await gateway.void(ctx, voidOf(debit.orderId));
      assert.deepEqual(stripe.refundKeys, [request.idempotencyKey, request.idempotencyKey]);
      assert.equal((await ledger.balance(ctx, debit.orderId)).net, 0n);
    });

    it('Stripe is not asked again for a void that is done', async () => {
      const debit = someDebit();
      await gateway.debit(ctx, debit);
      const request = voidOf(debit.orderId);
      await gateway.void(ctx, request);
      await gateway.void(ctx, request);
      assert.equal(stripe.refundKeys.length, 1);
    });

    it('an answer that is entered stays, whatever is said later', async () => {
      const debit = someDebit();
      await gateway.debit(ctx, debit);
      const line = await ledger.settle(ctx, debit.orderId, { outcome: 'declined', reason: 'no' });
      assert.deepEqual([line.outcome, line.reason], ['debited', '']);
    });

    it('a debit that Stripe has forgotten the key of is looked for before it is taken again', async () => {
      const debit = someDebit();
      stripe.loseNext();
      await assert.rejects(gateway.debit(ctx, debit), unavailable);
      stripe.forgetKeys();
      await database.query(
        ctx,
        (sql) => sql`
          update ledger set created_at = now() - interval '30 hours'
          where order_id = ${debit.orderId}::text`,
      );
      assert.equal((await gateway.debit(ctx, debit)).outcome, 'debited');
      assert.deepEqual(stripe.moved(debit.orderId), { debits: 1, voids: 0 });
    });
  });

  /**
   * stripe-mock holds each request against Stripe's description of its API. It
   * is without memory, so it cannot show that a key is charged once, that a
   * declined card is refused, or that a refund is one: those are shown above,
   * against a Stripe in memory, and skipped here.
   */
  describe('over stripe-mock', function suite() {
    this.timeout(10 * 60_000);
    const secretKey = 'sk_test_neverlogged';
    let mock: StripeMock | undefined;

    before(async function start() {
      const intent = { id: 'pi_1', object: 'payment_intent', status: 'succeeded' };
      const refund = { id: 're_1', object: 'refund', status: 'succeeded' };
      mock = await startStripeMock({
        folder: await testFolder(),
        resources: { payment_intent: intent, refund },
        onProgress: (line) => console.log(`      ${line}`),
      });
      if (mock === undefined) this.skip();
    });
    after(() => mock?.stop());

    const intents = (key = secretKey, apiBase = mock?.url ?? ''): StripeIntents =>
      stripeIntents({
        secretKey: Secret.of(key),
        apiBase,
        charging: stripeCharging(usd) ?? assert.fail(),
        paymentMethod: 'pm_card_visa',
        timeoutMs: 10_000,
      });

    paymentGatewayContract(async () => ({
      gateway: needingNoGateway(stripeGateway(intents(), ledger), ledger, charging(usd)),
      declined: undefined,
      moved: undefined,
    }));

    it('finds an order by a search that Stripe understands', async () => {
      assert.deepEqual(await intents().find(ctx, "o'brien\\"), {
        outcome: 'debited',
        paymentId: 'pi_1',
      });
    });

    it('a key that is not taken is unavailable, and stands in no error', async () => {
      const error: unknown = await intents('wrong_key_neverlogged')
        .create(ctx, someDebit())
        .catch((thrown) => thrown);
      assert.ok(unavailable(error));
      assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /neverlogged/);
    });
  });
});
