/** Three people with tokens, as `ordersctl token` makes them, before the whole stack. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { orderIdFor } from '../shared/contracts/order-id.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

const ordersctl = resolve(import.meta.dirname, '../cli/main.ts');

describe('people with tokens', function suite() {
  this.timeout(120_000);
  let stack: OrderStack;
  before(async () => {
    stack = await startOrderStack({ zipkin: false });
  });
  after(() => stack?.stop());

  async function tokenFor(...who: readonly string[]): Promise<string> {
    const env = { ...process.env, CREDENTIALS_DIR: join(stack.credentialsDir) };
    const args = [ordersctl, 'token', ...who];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return stdout.trim();
  }

  const ask = (token: string, path: string, method = 'GET', body?: object, key?: string) =>
    fetch(`${stack.httpUrl}/api/orders${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it('do what is theirs, from the order to its end, and nothing else', async () => {
    const [ada, bob, demo, bistro, olga] = await Promise.all([
      tokenFor('--customer', 'ada'),
      tokenFor('--customer', 'bob'),
      tokenFor('--restaurant', 'demo-manual'),
      tokenFor('--restaurant', 'bistro'),
      tokenFor('--operator', 'olga'),
    ]);
    const order = {
      customer_id: 'ada',
      restaurant_id: 'demo-manual',
      order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 1 }],
    };
    assert.equal((await ask(bob, '', 'POST', order)).status, 403);
    const placed = await ask(ada, '', 'POST', order, 'lunch');
    assert.equal(placed.status, 201);
    const { order_id: id } = (await placed.json()) as { order_id: string };
    assert.notEqual(id, orderIdFor('ada', 'lunch'), 'nobody computes the id');
    await eventually('paid', async () => {
      const { status } = (await (await ask(demo, `/${id}`)).json()) as { status: string };
      return status === 'Paid';
    });
    for (const path of [`/${id}`, `/${id}/events`]) {
      for (const stranger of [bob, bistro]) assert.equal((await ask(stranger, path)).status, 404);
    }
    assert.equal((await ask(bob, '?customer_id=ada')).status, 403);
    assert.equal((await ask(bob, `/${id}/cancel`, 'POST')).status, 404);
    assert.equal((await ask(ada, `/${id}/approve`, 'POST')).status, 403);
    assert.equal((await ask(bistro, `/${id}/approve`, 'POST')).status, 404);
    assert.equal((await ask(olga, `/${id}/approve`, 'POST')).status, 200);

    const events = await (await ask(olga, `/${id}/events`)).text();
    assert.match(events, /"actor":"operator olga"/);
    assert.doesNotMatch(await (await ask(ada, `/${id}/events`)).text(), /olga/);
  });

  it('are made for one person each, and not without a key', async () => {
    const failed = (args: readonly string[], env: NodeJS.ProcessEnv) =>
      promisify(execFile)(process.execPath, [ordersctl, 'token', ...args], {
        env: { ...process.env, ...env },
      }).then(
        () => assert.fail('printed a token'),
        ({ code, stderr }: { code: number; stderr: string }) => [code, stderr] as const,
      );
    const here = { CREDENTIALS_DIR: stack.credentialsDir };
    for (const who of [[], ['--customer', 'ada', '--operator', 'olga'], ['--customer', '']]) {
      const [code, text] = await failed(who, here);
      assert.deepEqual([code, /one of --customer/.test(text)], [2, true], who.join(' '));
    }
    const [code, text] = await failed(['--customer', 'ada'], { CREDENTIALS_DIR: '/nowhere' });
    assert.equal(code, 4);
    assert.match(text, /run make start/);
  });

  it('without a token are people of this machine, as ever', async () => {
    assert.equal((await fetch(`${stack.httpUrl}/api/orders?customer_id=ada`)).status, 200);
  });
});
