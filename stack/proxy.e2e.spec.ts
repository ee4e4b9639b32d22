import assert from 'node:assert/strict';
import { services } from './services.ts';
import { orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

/** Nobody listens there. */
const proxy = 'http://127.0.0.1:9';
const proxied = {
  http_proxy: proxy,
  HTTP_PROXY: proxy,
  https_proxy: proxy,
  HTTPS_PROXY: proxy,
  ALL_PROXY: proxy,
  grpc_proxy: proxy,
  NODE_USE_ENV_PROXY: '1',
};

describe('a stack whose services are told of a proxy', function suite() {
  this.timeout(120_000);
  let stack: OrderStack | undefined;

  after(() => stack?.stop());

  it('becomes ready, and approves an order', async () => {
    const environment = Object.fromEntries(services.map(({ name }) => [name, proxied]));
    stack = await startOrderStack({ environment, zipkin: false });
    const hands = orderHands(stack);
    const orderId = await hands.place({});
    const { status } = await hands.untilItIs(orderId, 'Approved', 'debited');
    assert.equal(status, 'Approved');
  });
});
