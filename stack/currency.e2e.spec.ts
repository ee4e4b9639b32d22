/** A stack that counts in dinars, and is paid through an imitation of Stripe. */
import assert from 'node:assert/strict';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { type StripeImitation, startStripeImitation } from './testing/stripe-imitation.ts';
import { testFolder } from './testing.ts';

const counting = [
  'ordersvc',
  'paymentworker',
  'reviewworker',
  'querymodelworker',
  'sagacoordinator',
];

describe('a currency of three decimals', function suite() {
  this.timeout(180_000);
  let dataDir: string;
  let stripe: StripeImitation;
  let stack: OrderStack | undefined;

  before(async () => {
    dataDir = await testFolder();
    stripe = await startStripeImitation();
  });
  after(async () => {
    await stack?.stop();
    await stripe?.stop();
  });

  const start = (currency: string, services?: readonly string[]) => {
    const environment = Object.fromEntries(
      counting.map((name) => [name, { CURRENCY: currency } as Record<string, string>]),
    );
    Object.assign(environment.paymentworker ?? {}, {
      PAYMENT_GATEWAY: 'stripe',
      STRIPE_SECRET_KEY: 'sk_test_1',
      STRIPE_API_BASE: stripe.url,
    });
    return startOrderStack({ dataDir, environment, zipkin: false, services });
  };

  const place = async (price: string) => {
    const response = await fetch(`${stack?.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"customer_id":"c","restaurant_id":"r","order_items":[{"code":"P","name":"Pizza","unit_price":${price},"quantity":2}]}`,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('an order is paid by the amount that it says, in the unit that Stripe counts in', async () => {
    stack = await start('KWD');
    const { status, body } = await place('5.120');
    assert.deepEqual([status, body.amount], [201, 10.24]);
    const charge = await eventually('the charge', () => stripe.charges[0], 60_000);
    assert.deepEqual(charge, { order: body.order_id, amount: '10240', currency: 'kwd' });
    const refused = await place('5.124');
    assert.deepEqual([refused.status, refused.body.code], [422, 'invalid_order']);
    assert.deepEqual(await stack.store.currency(background()), { code: 'KWD', decimals: 3 });
    await stack.stop();
    stack = undefined;
  });

  it('a start with another currency is refused, and says which the log has', async () => {
    await assert.rejects(start('USD', ['eventstoresvc', 'ordersvc']), (error: unknown) => {
      assert.match(
        String(error),
        /The log's currency is KWD \(3 decimals\), but CURRENCY says USD/,
      );
      return true;
    });
  });
});
