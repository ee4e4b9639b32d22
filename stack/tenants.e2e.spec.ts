/**
 * Whatever one customer asks, they neither see nor change what is another's: requests made
 * up from the OpenAPI document, half of them about the other's orders.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localToken, signingKey } from '../shared/credentials/local-token.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { findSchemathesis } from './testing/schemathesis.ts';

const document = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));
const seed = Number(process.env.SCHEMATHESIS_SEED ?? 1);
const examples = Number(process.env.SCHEMATHESIS_EXAMPLES ?? 30);
const deadlineMs = 180_000 + examples * 5_000;

describe('two customers of one ordersvc', function suite() {
  this.timeout(deadlineMs + 420_000);
  let stack: OrderStack;
  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      services: ['eventstoresvc', 'ordersvc', 'querymodelworker', 'paymentworker'],
      // As behind a proxy: nobody is taken for a person of this machine.
      environment: { ordersvc: { TRUSTED_PROXIES: '1' } },
    });
  });
  after(() => stack?.stop());

  it('keep to themselves, whatever one of them asks', async function () {
    const lines: string[] = [];
    const schemathesis = await findSchemathesis((line) => lines.push(line));
    if (schemathesis === undefined) {
      console.log(`      skipped: ${lines.at(-1)}`);
      this.skip();
    }
    const key = readFileSync(join(stack.credentialsDir, ...signingKey), 'utf8');
    const [ada, bob] = [`ada-${randomUUID()}`, `bob-${randomUUID()}`];
    const tokenOf = (sub: string) => localToken(key, { sub, roles: ['customer'] }, 60);
    const authorization = `Bearer ${await tokenOf(ada)}`;

    async function ask<T>(path: string, body?: object): Promise<T> {
      const response = await fetch(`${stack.httpUrl}/api/orders${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      assert.ok(response.ok, `${response.status}`);
      return (await response.json()) as T;
    }
    const orderIds: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { order_id } = await ask<{ order_id: string }>('', {
        customer_id: ada,
        restaurant_id: 'demo-manual',
        order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 1 }],
      });
      orderIds.push(order_id);
    }

    const { passed, output } = await schemathesis({
      document,
      url: stack.httpUrl,
      token: await tokenOf(bob),
      others: { customerId: ada, orderIds },
      seed,
      examples,
      deadlineMs,
    });
    assert.ok(passed, output);
    for (const orderId of orderIds) {
      const order = await ask<{ status: string }>(`/${orderId}`);
      assert.match(order.status, /^(Pending|Paid)$/);
    }
  });
});
