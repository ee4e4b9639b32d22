/**
 * The event log is restored to an older state while the stream still has what came
 * after: the product takes no order until an operator has had that back, or has given
 * it up. Everything is restarted in between, as `make start` does it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type postgres from 'postgres';
import { background } from '../shared/kit/context.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { asOwner } from './credentials/sql-logins.ts';
import { givenBack, kept, orderHands } from './testing/order-hands.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';
import { testFolder } from './testing.ts';

const root = resolve(import.meta.dirname, '..');
const TABLES = ['events', 'log_head', 'checkpoints', 'checkpoint_anchors', 'dead_letters'];

describe('a restored event log', function () {
  this.timeout(240_000);
  let dataDir: string;
  let stack: OrderStack;
  let hands: ReturnType<typeof orderHands>;
  let said: string[];

  beforeEach(async () => {
    dataDir = await testFolder();
    await start();
  });
  afterEach(() => stack?.stop());

  async function start(): Promise<void> {
    said = [];
    const say = (kind: string, name: string, text: string) => {
      said.push(`${kind} ${name} ${text}`);
    };
    // Longer than all of it takes.
    const sagacoordinator = { PAYMENT_DEADLINE_MS: '600000', REVIEW_DEADLINE_MS: '600000' };
    const environment = { sagacoordinator };
    stack = await startOrderStack({ dataDir, zipkin: false, say, environment });
    hands = orderHands(stack);
  }

  const place = (count: number, wish = {}) =>
    Promise.all(Array.from({ length: count }, () => hands.place(wish)));

  const allAre = async (ids: readonly string[], status: string, payment = 'debited') => {
    for (const id of ids) await hands.untilItIs(id, status, payment);
  };

  async function inLog<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
    const url = asOwner(stack.addresses.EVENTSTORE_DATABASE_URL);
    const sql = openSql(url, { max: 1, onnotice: () => {} });
    try {
      return await work(sql);
    } finally {
      await sql.end();
    }
  }

  const backUp = () =>
    inLog(async (sql) => {
      for (const table of TABLES) {
        await sql`create table ${sql(`kept_${table}`)} as table ${sql(table)}`;
      }
    });

  const restore = () =>
    inLog((sql) =>
      sql.begin(async (tx) => {
        for (const table of TABLES) {
          await tx`truncate ${tx(table)}`;
          await tx`insert into ${tx(table)} table ${tx(`kept_${table}`)}`;
        }
      }),
    );

  const services = () => Object.keys(stack.adminUrls);

  /** Nothing runs but the servers while the tables are put back; then all is started again. */
  async function restoreAndRestart(): Promise<void> {
    const [log, ...others] = services();
    for (const name of others.toReversed()) await stack.unit(name).stop();
    // What is in neither of the two is lost for good, which this test does not cover.
    await eventually('the stream has all', async () => {
      const { state } = await (await stack.nats.jetstreamManager()).streams.info('ORDERS');
      return BigInt(state.last_seq) === (await stack.store.head(background()));
    });
    assert.equal(log, 'eventstoresvc');
    await stack.unit(log).stop();
    await restore();
    await stack.stop();
    await start();
  }

  async function post() {
    const response = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        customer_id: 'late',
        restaurant_id: 'trattoria',
        order_items: [{ code: 'pizza', name: 'Pizza', unit_price: 12.35, quantity: 2 }],
      }),
    });
    const { code } = (await response.json()) as { readonly code?: string };
    return [response.status, code] as const;
  }

  function orders(...args: string[]): Promise<Record<string, unknown>> {
    return new Promise((done, fail) => {
      execFile(
        process.execPath,
        [join(root, 'cli/main.ts'), ...args, '--json'],
        {
          env: { ...process.env, ...stack.addresses, CREDENTIALS_DIR: stack.credentialsDir },
          timeout: 120_000,
        },
        (error, stdout, stderr) => {
          if (error === null) done(JSON.parse(stdout));
          else fail(new Error(`${args.join(' ')}: ${stderr}`, { cause: error }));
        },
      );
    });
  }

  const takesOrders = () =>
    eventually('orders are taken', async () => (await post())[0] === 201, 30_000);

  const auditIsRight = () =>
    eventually(
      'the audit is right',
      async () => {
        const { discrepancies } = await stack.audit();
        assert.deepEqual(discrepancies, []);
        return true;
      },
      60_000,
    );

  it('takes no order until it has back what the stream has; then every order is right', async () => {
    const early = await place(100);
    await allAre(early, 'Approved');
    await backUp();
    const late = await place(120);
    // Some are on their way when all is stopped.
    await allAre(late.slice(0, 60), 'Approved');
    await restoreAndRestart();

    await eventually('it is said why', () =>
      said.some((line) => /^trouble eventstoresvc degraded: .*ordersctl log recover/.test(line)),
    );
    assert.deepEqual(await post(), [503, 'log_behind_stream']);
    for (let n = 0; n < 30; n++) assert.equal((await post())[1], 'log_behind_stream');
    assert.equal((await hands.get(early[0] ?? '')).status, 'Approved', 'reads go on');
    const { done, lost_events: lost } = await orders('log', 'recover', '--dry-run');
    assert.equal(done, 'nothing');
    assert.ok(Number(lost) >= 240, `${lost}`);
    assert.deepEqual(await post(), [503, 'log_behind_stream']);
    await assert.rejects(orders('stream', 'reset', '--yes'), /holds events that the log has lost/);

    const recovered = await orders('log', 'recover', '--yes');
    assert.deepEqual([recovered.done, recovered.recovered_events], ['recovered', lost]);
    await takesOrders();
    await allAre([...early, ...late], 'Approved');
    await auditIsRight();
    for (const id of late) assert.deepEqual(await hands.ledgerOf(id), [kept]);
  });

  it('gives up what only the stream has: orders are listed, their debits voided, and the rest is right', async () => {
    const early = await place(100);
    await allAre(early, 'Approved');
    // Placed before, and paid and approved after: it goes back, and is answered again.
    const between = await hands.place({ restaurant: 'demo-manual' });
    await hands.untilItIs(between, 'Paid', 'debited');
    await backUp();
    assert.equal((await hands.decide(between, 'approve')).http, 200);
    const late = await place(110);
    await allAre(late, 'Approved');
    await restoreAndRestart();
    assert.deepEqual(await post(), [503, 'log_behind_stream']);

    const file = join(dataDir, 'given-up.jsonl');
    const dry = await orders('log', 'recover', '--discard', '--dry-run', '--file', file);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
    const given = await orders('log', 'recover', '--discard', '--yes', '--file', file);
    assert.equal(given.done, 'given up');
    const gone = given.orders_gone as { order_id: string; debits: { amount: number }[] }[];
    assert.deepEqual(gone.map(({ order_id: id }) => id).sort(), late.toSorted());
    assert.ok(gone.every(({ debits: [debit] }) => debit?.amount === 24.7));
    assert.deepEqual(
      (given.orders_set_back as { order_id: string }[]).map(({ order_id: id }) => id),
      [between],
    );
    assert.deepEqual(dry.orders_gone, given.orders_gone);
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    assert.equal(lines.length, given.lost_events);
    await rm(file);

    await takesOrders();
    for (const id of late) {
      await eventually(
        `the debit of ${id} is voided`,
        async () => {
          assert.deepEqual(await hands.ledgerOf(id), [givenBack]);
          return true;
        },
        30_000,
      );
    }
    await orders('read-model', 'rebuild');
    for (const id of late) {
      const response = await fetch(`${stack.httpUrl}/api/orders/${id}`);
      assert.equal(response.status, 404, 'there is no such order any more');
    }
    await allAre(early, 'Approved');
    assert.equal((await hands.get(between)).status, 'Paid');
    assert.equal((await hands.decide(between, 'approve')).http, 200);
    await hands.untilItIs(between, 'Approved', 'debited');
    await auditIsRight();
  });
});
