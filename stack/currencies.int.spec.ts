/** The way of an order's money, from the body that a client sends to what Stripe is asked for. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { orderRequestReader } from '../services/ordersvc/http/order-body.ts';
import { sqlLedger } from '../services/paymentworker/gateway/ledger.ts';
import { needingNoGateway } from '../services/paymentworker/gateway/needing-no-gateway.ts';
import { stripeGateway } from '../services/paymentworker/gateway/stripe-gateway.ts';
import { stripeIntents } from '../services/paymentworker/gateway/stripe-intents.ts';
import { createPaymentService } from '../services/paymentworker/service.ts';
import { eventTypes, orderEventCodec } from '../shared/contracts/events.ts';
import { ORDERS_STREAM, orderAggregate } from '../shared/contracts/subjects.ts';
import { charging, stripeCharging } from '../shared/domain/charging.ts';
import { newId } from '../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../shared/kit/context.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { Secret } from '../shared/kit/process/secret.ts';
import { createDatabase, type Database } from '../shared/kit/sql/database.ts';
import { migrate } from '../shared/kit/sql/migrations.ts';
import { parseJson } from '../shared/kit/transport/http/json.ts';
import { currency } from '../shared/testing/test-currency.ts';
import { type StripeImitation, startStripeImitation } from './testing/stripe-imitation.ts';
import { testPostgres } from './testing.ts';

const ctx = background();

describe('an order through an imitation of Stripe', () => {
  let database: Database;
  let stripe: StripeImitation;

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    const folder = fileURLToPath(new URL('../services/paymentworker/migrations', import.meta.url));
    await migrate({ url, folder, logger: silentLogger });
    const options = { url, name: 'test', poolSize: 4, queryTimeoutMs: 5_000 };
    database = createDatabase({ ...options, logger: silentLogger });
    stripe = await startStripeImitation();
  });
  after(async () => {
    await stripe?.stop();
    await database?.stop();
  });

  /** Places an order of two at `price` in the currency and pays it; resolves with what Stripe was asked, and the log's own words. */
  async function paid(code: string, price: string) {
    const money = currency(code);
    const codec = orderEventCodec(money.decimals);
    const ledger = sqlLedger(database);
    const intents = stripeIntents({
      secretKey: Secret.of('sk_test_1'),
      apiBase: stripe.url,
      charging: stripeCharging(money) ?? assert.fail(),
      paymentMethod: 'pm_card_visa',
      timeoutMs: 5_000,
    });
    const gateway = needingNoGateway(stripeGateway(intents, ledger), ledger, charging(money));
    const { items, amount, ...request } = orderRequestReader(money)(
      parseJson(
        `{"customer_id":"c","restaurant_id":"r","order_items":[{"code":"P","name":"Pizza","unit_price":${price},"quantity":2}]}`,
      ),
    );
    const orderId = newId();
    const created = codec.encode({
      type: 'created',
      order: { ...request, orderId, items, amount, createdOn: new Date().toISOString() },
    });
    const read = codec.decode({ ...created, aggregateId: orderId });
    assert.ok(read?.type === 'created');
    const store = createMemoryEventStore({ stream: ORDERS_STREAM });
    const service = createPaymentService(store, gateway, codec);
    const outcome = await service.pay(ctx, {
      causeId: newId(),
      order: read.order,
      mayBeRepeat: false,
    });
    const [answer] = await store.readAggregate(ctx, orderAggregate(orderId));
    assert.ok(answer);
    return {
      outcome,
      answer,
      said: (JSON.parse(created.data) as { amount: number }).amount,
      asked: stripe.charges.find(({ order }) => order === orderId),
    };
  }

  for (const [code, price, amount, asked] of [
    ['USD', '9.99', 19.98, '1998'],
    // 4,990 forints are no 49.90, whatever the runtime knows of them.
    ['HUF', '4990', 9_980, '998000'],
    ['JPY', '1250', 2_500, '2500'],
    ['KWD', '5.120', 10.24, '10240'],
    // Whole krónur, in hundredths.
    ['ISK', '2490', 4_980, '498000'],
    ['MGA', '4000', 8_000, '8000'],
  ] as const) {
    it(`in ${code} asks for ${asked} where the order says ${amount}`, async () => {
      const { outcome, answer, said, asked: charge } = await paid(code, price);
      assert.equal(outcome, 'debited');
      assert.equal(answer.eventType, eventTypes.paymentdebited);
      assert.equal(said, amount);
      assert.deepEqual([charge?.amount, charge?.currency], [asked, code.toLowerCase()]);
    });
  }

  it('that costs nothing is paid, and Stripe hears nothing of it', async () => {
    const { outcome, asked } = await paid('KWD', '0');
    assert.deepEqual([outcome, asked], ['debited', undefined]);
  });
});
