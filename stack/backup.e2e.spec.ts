/** A backup that is taken while orders come, put into an empty system: the orders go on there, and the books agree. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Stack, startStack } from './stack.ts';
import { orderHands, shortDeadlines } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { testFolder } from './testing.ts';
import { until } from './until.ts';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const environment = { sagacoordinator: shortDeadlines };

async function orders(stack: Stack, ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      ...process.env,
      ...shortDeadlines,
      ...stack.addresses,
      CREDENTIALS_DIR: stack.credentialsDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: Number(code), stdout, stderr };
}

describe('a backup of a running system', function suite() {
  this.timeout(240_000);
  let first: OrderStack | undefined;
  let second: Stack | undefined;
  after(async () => {
    await first?.stop();
    await second?.stop();
  });

  it('is restored into an empty one: every order of it ends, no money moves twice, the audit is right', async () => {
    first = await startOrderStack({ environment, zipkin: false });
    const hands = orderHands(first);
    // Orders that end well and badly, and that are under way when the backup is taken.
    const wishes = [{}, { restaurant: 'demo-closed' }, { customer: 'demo-declined' }, {}];
    let running = true;
    const placed: string[] = [];
    const placing = [0, 1, 2].map(async (hand) => {
      for (let n = hand; running; n++) {
        const id = await hands.place(wishes[n % wishes.length] ?? {});
        placed.push(id);
        if (n % 7 === 0) await hands.decide(id, 'cancel').catch(() => undefined);
      }
    });
    await until(() => placed.length >= 60, { what: '60 orders', deadlineMs: 60_000 });
    const file = join(await testFolder(), 'orders.backup');
    const made = await orders(first, 'backup', file, '--json');
    assert.equal(made.code, 0, made.stderr);
    running = false;
    await Promise.all(placing);
    await first.stop();
    first = undefined;

    const dataDir = await testFolder();
    second = await startStack({ dataDir, services: [], durable: false, zipkin: false });
    const restored = await orders(second, 'restore', file, '--json');
    assert.equal(restored.code, 0, restored.stderr);
    const { head, events } = JSON.parse(restored.stdout);
    assert.deepEqual([events, head], [JSON.parse(made.stdout).events, events]);
    const again = await orders(second, 'restore', file);
    assert.equal(again.code, 4, again.stderr);
    await second.stop();

    second = await startStack({ dataDir, durable: false, zipkin: false, environment });
    const found = await until(
      async () => {
        const { code, stdout } = await orders(second as Stack, 'audit', '--json');
        const report = code === 0 ? JSON.parse(stdout) : undefined;
        return report?.orders.open === 0 && report;
      },
      { what: 'the audit to be right, with no order open', deadlineMs: 120_000 },
    );
    assert.ok(found.orders.accepted >= 50, JSON.stringify(found.orders));
    assert.equal(found.orders.accepted, found.orders.ended);
  });
});
