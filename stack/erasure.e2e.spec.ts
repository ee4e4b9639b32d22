/** Where a customer's texts are before an erasure and after it: in every place that anything is kept. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../shared/contracts/subjects.ts';
import { background } from '../shared/kit/context.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { asOwner } from './credentials/sql-logins.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { testFolder } from './testing.ts';

const ctx = background();
const run = promisify(execFile);
const ordersctl = join(import.meta.dirname, '../cli/main.ts');

const ADA = `ada-canary-${randomUUID()}`;
const ITEM = `item-canary-${randomUUID()}`;
const REASON = `reason-canary-${randomUUID()}`;
/** What an operator writes about a dead letter. */
const CLOSING = `closing-canary-${randomUUID()}`;

interface Order {
  readonly order_id: string;
  readonly customer_id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly reason?: string;
  readonly order_items: readonly { readonly name: string }[];
}

describe('the erasure of a customer', function suite() {
  this.timeout(180_000);
  let stack: OrderStack;
  let dataDir: string;
  let zipkin: Server;
  let spans = '';

  before(async () => {
    zipkin = createServer(async (request, response) => {
      spans += await text(request);
      response.writeHead(202).end();
    });
    zipkin.listen(0, '127.0.0.1');
    await once(zipkin, 'listening');
    const { port } = zipkin.address() as AddressInfo;
    dataDir = await testFolder();
    stack = await startOrderStack({
      dataDir,
      zipkin: false,
      own: {
        PERSONAL_DATA: 'sealed',
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${port}/api/v2/spans`,
      },
      environment: {
        ordersvc: { LOG_LEVEL: 'debug', PERSONAL_DATA_REMEMBERED_MS: '200' },
      },
    });
  });
  after(async () => {
    await stack?.stop();
    zipkin?.close();
  });

  async function http<T>(path: string, body?: object, key?: string): Promise<T> {
    const response = await fetch(`${stack.httpUrl}/api/orders${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
    });
    const answer = await response.text();
    assert.ok(response.ok, answer);
    return JSON.parse(answer) as T;
  }

  const bodyOf = (customer: string, restaurant: string) => ({
    customer_id: customer,
    restaurant_id: restaurant,
    order_items: [{ code: 'PZ1', name: ITEM, unit_price: 9.5, quantity: 1 }],
  });
  const place = async (customer: string, restaurant = 'trattoria') =>
    (await http<Order>('', bodyOf(customer, restaurant))).order_id;

  const untilItIs = (id: string, status: string, payment: string) =>
    eventually(`${status}, ${payment}`, async () => {
      const order = await http<Order>(`/${id}`);
      return order.status === status && order.payment_status === payment && order;
    });

  async function cli(...args: string[]): Promise<string> {
    const { addresses } = stack;
    const { httpUrl: ORDERS_URL, credentialsDir: CREDENTIALS_DIR } = stack;
    const env = { ...process.env, ...addresses, ORDERS_URL, CREDENTIALS_DIR };
    const { stdout } = await run(process.execPath, [ordersctl, ...args], { env });
    return stdout;
  }

  /** Every row of every table of a database, as text. */
  async function dump(url: string): Promise<string> {
    const sql = openSql(asOwner(url), { max: 1, onnotice: () => undefined });
    try {
      const tables = await sql<{ name: string }[]>`
        select table_name as name from information_schema.tables where table_schema = 'public'`;
      assert.ok(tables.length > 0, url);
      const rows = await Promise.all(
        tables.map(({ name }) => sql`select t::text as row from ${sql(name)} t`),
      );
      return JSON.stringify(rows);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  async function dumps(): Promise<string> {
    const { addresses } = stack;
    const urls = Object.entries(addresses).filter(([name]) => name.endsWith('_DATABASE_URL'));
    assert.equal(urls.length, 5);
    return (await Promise.all(urls.map(([, url]) => dump(url)))).join('\n');
  }

  /** The files under the data folder that have these bytes, but for those that `except` names. */
  async function filesWith(needle: string, except = /^$/): Promise<readonly string[]> {
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    assert.ok(files.length > 100);
    const found: string[] = [];
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      // A file may go while we look.
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      if (bytes.includes(needle) && !except.test(path)) found.push(path.slice(dataDir.length));
    }
    return found;
  }

  /** All books agree. */
  const audited = () =>
    eventually('an audit that finds nothing', async () => {
      const { discrepancyCount, unread } = await stack.audit();
      return discrepancyCount === 0 && unread.length === 0;
    });

  it('leaves not a byte of what was written, and books that are right', async () => {
    // Approved, rejected, cancelled, one that waits for its restaurant, and one with a dead letter.
    const approved = await place(ADA);
    const [rejected, cancelled, waiting, parked] = (await Promise.all(
      Array.from({ length: 4 }, () => place(ADA, 'demo-manual')),
    )) as [string, string, string, string];
    const bobs = await place('bob', 'demo-manual');
    await untilItIs(approved, 'Approved', 'debited');
    for (const id of [rejected, cancelled, waiting, parked, bobs]) {
      await untilItIs(id, 'Paid', 'debited');
    }
    await http(`/${rejected}/reject`, { reason: REASON });
    await http(`/${cancelled}/cancel`, { reason: REASON });
    await http(`/${bobs}/reject`, { reason: REASON });
    const eventId = randomUUID();
    await stack.store.append(ctx, {
      events: [
        {
          eventId,
          eventType: eventTypes.voidrequested,
          aggregateId: parked,
          aggregateType: ORDER_AGGREGATE,
          data: '{"spoilt":true}',
          metadata: {},
        },
      ],
    });
    const letter = await eventually('the letter is parked', async () => {
      const found = await stack.store.deadLetters(ctx, { eventIds: [eventId], limit: 1 });
      return found[0];
    });
    await stack.store.closeLetter(ctx, {
      consumer: durables.payment,
      position: letter.position,
      reason: CLOSING,
    });
    await untilItIs(rejected, 'Rejected', 'voided');
    const seen = await untilItIs(cancelled, 'Cancelled', 'voided');
    await untilItIs(bobs, 'Rejected', 'voided');
    assert.deepEqual(
      [seen.customer_id, seen.order_items[0]?.name, seen.reason],
      [ADA, ITEM, REASON],
    );
    const list = async (customer: string) =>
      (await http<{ orders: Order[] }>(`?customer_id=${customer}`)).orders.map((o) => o.order_id);
    await eventually('the list has all', async () => (await list(ADA)).length === 5);

    // Before: only the keys know a name, and the operator's words are where they were written.
    for (const canary of [ITEM, REASON]) assert.ok(!(await dumps()).includes(canary));
    assert.ok((await dumps()).includes(CLOSING));
    const exported = JSON.parse(await cli('export', ADA));
    assert.equal(exported.customer, ADA);
    assert.equal(exported.orders.length, 5);
    const theirs = JSON.stringify(exported);
    for (const canary of [ADA, ITEM, REASON, CLOSING]) assert.ok(theirs.includes(canary), canary);
    assert.ok(
      exported.orders.every(
        (one: { order: { amount: number }; events: unknown[]; ledger: { amount: number } }) =>
          one.events.length > 1 && one.ledger.amount === one.order.amount,
      ),
    );

    const before = await stack.store.readAggregate(ctx, orderAggregate(cancelled));
    const asked = await cli('erase', ADA);
    assert.match(asked, /would delete the key .*the texts of 5 orders.*--yes/);
    assert.equal((await list(ADA)).length, 5, 'nothing is erased without --yes');
    const said = await cli('erase', ADA, '--yes');
    assert.match(said, /the texts of 5 orders cannot be read any more/);
    assert.match(said, /2 dead letters: what was written in them is replaced/);
    await eventually('the services have forgotten the key', async () => {
      const order = await http<Order>(`/${cancelled}`);
      return order.customer_id === 'erased';
    });

    // After: nothing anywhere.
    const all = await dumps();
    for (const canary of [ADA, ITEM, REASON, CLOSING]) {
      assert.ok(!all.includes(canary), `the databases have ${canary}`);
      assert.ok(!spans.includes(canary), `the traces have ${canary}`);
    }
    assert.ok(spans.includes(cancelled), 'the traces were looked at');
    // Sealed before they were written: not in a file of any server, nor in what the services print.
    for (const canary of [ITEM, REASON]) assert.deepEqual(await filesWith(canary), [], canary);
    assert.notDeepEqual(await filesWith(cancelled, /postgres/), [], 'the files were looked at');
    // The name was in the table of the keys, of which PostgreSQL's own files have remains.
    assert.deepEqual(await filesWith(ADA, /postgres/), []);
    assert.deepEqual(await stack.store.readAggregate(ctx, orderAggregate(cancelled)), before);

    // All goes on: what waited is decided and paid back, and the same name is somebody else.
    assert.deepEqual(await list(ADA), []);
    await http(`/${waiting}/reject`, { reason: REASON });
    const { order_items, reason } = await untilItIs(waiting, 'Rejected', 'voided');
    assert.deepEqual([order_items[0]?.name, reason], ['erased', 'erased']);
    const { orders: others } = await http<{ orders: Order[] }>('?customer_id=bob');
    assert.deepEqual(
      others.map((o) => [o.order_items[0]?.name, o.reason]),
      [[ITEM, REASON]],
    );
    const again = await place(ADA);
    await untilItIs(again, 'Approved', 'debited');
    await eventually('her new order is listed', async () => {
      return (await list(ADA)).join() === again;
    });
    await audited();

    const rows = async () =>
      JSON.stringify(
        await Promise.all(
          [approved, rejected, cancelled, waiting, parked, bobs].map((id) => http<Order>(`/${id}`)),
        ),
      );
    const shown = await rows();
    await cli('read-model', 'rebuild');
    assert.equal(await rows(), shown);
    await audited();

    const erasures = (await cli('erasures')).trim().split('\n');
    assert.deepEqual(
      erasures.map((line) => line.split(' ')[0]),
      [exported.pseudonym],
    );
  });
});
