/**
 * Whatever outsiders write, and whatever stands in a damaged book: what a command prints steers
 * no terminal and hides nothing.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { orderAggregate } from '../shared/contracts/subjects.ts';
import { newId } from '../shared/eventstore/ids.ts';
import { background } from '../shared/kit/context.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { minor } from '../shared/money/money.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { asOwner } from '../stack/credentials/sql-logins.ts';
import { type OrderStack, startOrderStack } from '../stack/testing/order-stack.ts';
import { testFolder } from '../stack/testing.ts';

const main = resolve(import.meta.dirname, 'main.ts');

/** Clears the screen, sets the window's title, and turns the direction of what follows. */
const HOSTILE = '\u001b[2J\u001b]0;pwned\u0007\u009b31m\r\u202e\u200b\u0085';
const HOSTILE_LINES = `${HOSTILE}\nall books agree`;

/** Characters that a terminal obeys or does not show, but for the line's end. */
const FOREIGN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('commands over hostile texts', function suite() {
  this.timeout(240_000);
  let stack: OrderStack;
  let folder: string;
  before(async () => {
    folder = await testFolder();
    stack = await startOrderStack({ zipkin: false });
  });
  after(() => stack?.stop());

  /** Runs it, and returns its exit code and all that it has printed, which is looked at. */
  async function ordersctl(args: readonly string[], input = '') {
    const { addresses, credentialsDir: CREDENTIALS_DIR, httpUrl: ORDERS_URL } = stack;
    const child = spawn(process.execPath, [main, ...args], {
      env: { PATH: process.env.PATH, ...addresses, CREDENTIALS_DIR, ORDERS_URL },
    });
    child.stdin.end(input);
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await once(child, 'close')) as [number];
    const [stdout, stderr] = await said;
    for (const [where, printed] of Object.entries({ stdout, stderr })) {
      const at = FOREIGN.exec(printed)?.index ?? -1;
      assert.equal(
        at,
        -1,
        `${args.join(' ')}: ${where}: ${JSON.stringify(printed.slice(at, at + 80))}`,
      );
    }
    return { code, stdout, stderr };
  }

  const body = (restaurant: string) =>
    JSON.stringify({
      customer_id: 'ada',
      restaurant_id: restaurant,
      order_items: [{ code: 'PZ1', name: `Pizza ${HOSTILE_LINES}`, unit_price: 9.5, quantity: 1 }],
    });
  let orderId: string;

  it('places no order whose item has them, and says why', async () => {
    for (const json of [[], ['--json']]) {
      const { code, stderr } = await ordersctl(['place', '--file', '-', ...json], body('r'));
      assert.equal(code, 4);
      assert.match(stderr, /order_items|invalid_order/);
    }
  });

  it('shows an order whose log has them', async () => {
    orderId = newId();
    const order = {
      orderId,
      customerId: 'ada',
      restaurantId: HOSTILE_LINES,
      amount: minor(950),
      items: [{ code: 'PZ1', name: `Pizza ${HOSTILE_LINES}`, unitPrice: minor(950), quantity: 1 }],
      createdOn: '2026-01-01T00:00:00.000Z',
    };
    const event = orderEventCodec(2).encode({ type: 'created', order });
    const filed = { ...event, ...orderAggregate(orderId), eventId: newId(), metadata: {} };
    await stack.store.append(background(), { events: [filed] });
    await eventually('it has ended', async () => {
      const { stdout } = await ordersctl(['get', orderId]);
      return /Approved/.test(stdout) && /pwned/.test(stdout);
    });
    for (const json of [[], ['--json']]) {
      assert.match((await ordersctl(['explain', orderId, ...json])).stdout, /pwned/);
      assert.match((await ordersctl(['get', orderId, ...json])).stdout, /pwned/);
      const list = await ordersctl(['list', '--customer', 'ada', ...json]);
      assert.ok(list.stdout.includes(orderId));
    }
  });

  it('refuses what is typed, and repeats it harmlessly', async () => {
    for (const args of [
      ['place', '--customer', HOSTILE, '--restaurant', HOSTILE, '--item', `P1:${HOSTILE}:x:1`],
      ['place', '--file', HOSTILE, '--json'],
      ['get', HOSTILE],
      ['get', HOSTILE, '--json'],
      ['cancel', HOSTILE, '--reason', HOSTILE],
      ['reject', orderId, '--reason', HOSTILE_LINES],
      ['list', '--status', HOSTILE],
      ['audit', '--grace', HOSTILE, '--json'],
      ['backup', join(folder, HOSTILE), '--eventstore-database', HOSTILE],
      ['restore', join(folder, HOSTILE)],
      ['erasures', '--apply', HOSTILE],
      ['dlq', 'show', HOSTILE, '1'],
    ]) {
      await ordersctl(args);
    }
    const cut = `{"customer_id": "${HOSTILE_LINES}`;
    await ordersctl(['place', '--file', '-'], cut);
  });

  it('audits and repairs books in which somebody wrote them', async () => {
    const book = async (variable: keyof typeof stack.addresses, work: string, texts: string[]) => {
      const sql = openSql(asOwner(stack.addresses[variable]), {
        max: 1,
        onnotice: () => undefined,
      });
      await sql.unsafe(work, texts).finally(() => sql.end({ timeout: 5 }));
    };
    await book(
      'ORDERS_DATABASE_URL',
      'update orders set customer_id = $1, restaurant_id = $1, reason = $1, status = $1 where order_id = $2',
      [HOSTILE_LINES, orderId],
    );
    await book(
      'SAGA_DATABASE_URL',
      "insert into deadlines (order_id, kind, due_at, traceparent, correlation_id, caused_by) values ($1, $1, now() - interval '1 day', $1, $1, $1)",
      [HOSTILE_LINES],
    );
    await book(
      'PAYMENTS_DATABASE_URL',
      "update ledger set reason = $1, payment_id = $1, customer_id = $1, outcome = 'declined' where order_id = $2",
      [HOSTILE_LINES, orderId],
    );
    await book(
      'EVENTSTORE_DATABASE_URL',
      `insert into dead_letters (consumer, position, event_id, reason, last_error, deliveries, traceparent)
       values ($1, 1, 'e-1', $1, $1, 3, $1)`,
      [HOSTILE_LINES],
    );
    for (const json of [[], ['--json']]) {
      const found = await ordersctl(['audit', '--grace', '1', ...json]);
      assert.equal(found.code, 5, found.stderr);
      assert.match(found.stdout, /pwned/);
      await ordersctl(['audit', '--grace', '1', '--repair', ...json]);
      await ordersctl(['dlq', 'list', ...json]);
      await ordersctl(['dlq', 'show', HOSTILE_LINES, '1', ...json]);
      await ordersctl(['explain', orderId, ...json]);
    }
    const repaired = await ordersctl(['audit', '--grace', '1', '--repair', '--yes']);
    assert.match(repaired.stdout + repaired.stderr, /pwned/);
  });

  it('backs up what holds them, and checks the copy', async () => {
    const file = join(folder, 'orders.backup');
    assert.equal((await ordersctl(['backup', file])).code, 0);
    assert.equal((await ordersctl(['restore', file, '--check'])).code, 0);
    await ordersctl(['restore', file]);
    await ordersctl(['export', 'ada']);
  });
});
