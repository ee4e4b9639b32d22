import assert from 'node:assert/strict';
import { join } from 'node:path';
import postgres from 'postgres';
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { minor } from '../../../shared/money/money.ts';
import { testPostgres } from '../../../stack/testing.ts';
import type { OrderListQuery, PageEnd } from './order-list.ts';
import { sqlReadModel } from './order-rows.ts';

const migrations = join(import.meta.dirname, '../../querymodelworker/migrations');
const ctx = background();

interface Written {
  readonly id: string;
  readonly customer?: string;
  readonly restaurant?: string;
  readonly status?: string;
  readonly reason?: string;
  /** As SQL reads it, with microseconds. */
  readonly createdAt?: string;
  /** When its last event was appended; default: now. */
  readonly updatedAt?: Date;
  readonly amount?: number;
  /** Of the one item. */
  readonly name?: string;
}

describe('the read model in SQL', () => {
  let database: Database;
  let writer: postgres.Sql;

  before(async () => {
    const server = await testPostgres();
    const url = await server.createDatabase();
    await migrate({ url, folder: migrations, logger: silentLogger });
    writer = postgres(url, { max: 1, onnotice: () => undefined });
    database = createDatabase({
      url,
      name: 'orders-test',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
  });

  after(async () => {
    await database?.stop();
    await writer?.end({ timeout: 5 });
  });

  /** Writes a row as querymodelworker does. */
  async function write({
    id,
    customer = 'c1',
    restaurant = 'r1',
    status = 'Pending',
    ...rest
  }: Written) {
    const items = [{ code: 'P1', name: rest.name ?? 'Pizza', unitPrice: 1250, quantity: 2 }];
    await writer`
      insert into orders
        (order_id, customer_id, restaurant_id, status, payment, amount_minor, items,
         created_on, reason, version, position, created_at, updated_at)
      values
        (${id}::text, ${customer}::text, ${restaurant}::text, ${status}::text, 'none',
         ${rest.amount ?? 2500}::int8,
         ${JSON.stringify(items)}::text, '2026-01-02T03:04:05.678Z',
         ${rest.reason ?? null}::text, 1, 7,
         ${rest.createdAt ?? '2026-01-02 03:04:05.678+00'}::text::timestamptz,
         ${rest.updatedAt ?? new Date()}::timestamptz)`;
  }

  it('a row is read whole', async () => {
    await write({ id: 'whole', status: 'Rejected', reason: 'closed' });
    assert.deepEqual(await sqlReadModel(database).find(ctx, 'whole'), {
      details: {
        orderId: 'whole',
        customerId: 'c1',
        restaurantId: 'r1',
        amount: minor(2500),
        items: [{ code: 'P1', name: 'Pizza', unitPrice: minor(1250), quantity: 2 }],
        createdOn: '2026-01-02T03:04:05.678Z',
      },
      status: 'Rejected',
      payment: 'none',
      reason: 'closed',
      version: 1n,
    });
  });

  it('what is not there, and what was never created, is no order', async () => {
    await write({ id: 'headless', status: 'None', customer: 'headless' });
    const readModel = sqlReadModel(database);
    assert.equal(await readModel.find(ctx, 'nobody'), undefined);
    assert.equal(await readModel.find(ctx, 'headless'), undefined);
    const page = await readModel.list(ctx, {
      customerId: 'headless',
      limit: 10,
      after: undefined,
    });
    assert.deepEqual(page.orders, []);
    assert.equal(page.next, undefined);
  });

  it('says how far orders are, of those that it has', async () => {
    await write({ id: 'far-1', status: 'Paid' });
    await write({ id: 'far-2' });
    const stages = await sqlReadModel(database).stages(ctx, ['far-1', 'far-2', 'far-3']);
    assert.deepEqual(
      stages.toSorted((a, b) => a.orderId.localeCompare(b.orderId)),
      [
        { orderId: 'far-1', status: 'Paid', position: 7n },
        { orderId: 'far-2', status: 'Pending', position: 7n },
      ],
    );
    assert.deepEqual(await sqlReadModel(database).stages(ctx, ['far-3']), []);
  });

  it('pages show every order of the customer once, the newest first, to the microsecond', async () => {
    // Three at one instant, and neighbours a microsecond apart, which a Date cannot tell.
    const micros = ['000001', '000002', '000002', '000002', '000003', '999999', '999999'];
    for (const [n, fraction] of micros.entries()) {
      const createdAt = `2026-03-04 05:06:07.${fraction}+00`;
      await write({ id: `paged-${n}`, customer: 'paged', createdAt });
    }
    await write({ id: 'elsewhere', customer: 'not-paged' });
    for (const limit of [1, 2, 3, 7, 100]) {
      const seen: string[] = [];
      let after: PageEnd | undefined;
      do {
        const page = await sqlReadModel(database).list(ctx, {
          customerId: 'paged',
          limit,
          after,
        });
        assert.ok(page.orders.length > 0 && page.orders.length <= limit);
        seen.push(...page.orders.map(({ details }) => details.orderId));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(
        seen,
        [6, 5, 4, 3, 2, 1, 0].map((n) => `paged-${n}`),
        `limit ${limit}`,
      );
    }
  });

  it('orders of a customer that are filed under a pseudonym are on the pages with the others', async () => {
    for (const [n, customer] of [
      'both',
      'pseudonym:b',
      'both',
      'pseudonym:b',
      'neither',
    ].entries()) {
      await write({ id: `both-${n}`, customer, createdAt: `2026-03-04 05:06:07.00000${n}+00` });
    }
    const who = { customerId: 'both', pseudonym: 'pseudonym:b' };
    for (const limit of [1, 3, 100]) {
      const seen: string[] = [];
      let after: PageEnd | undefined;
      do {
        const page = await sqlReadModel(database).list(ctx, { ...who, limit, after });
        seen.push(...page.orders.map(({ details }) => details.orderId));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(seen, ['both-3', 'both-2', 'both-1', 'both-0'], `limit ${limit}`);
    }
  });

  it("a restaurant's orders are listed by status and age, on pages that neither skip nor repeat", async () => {
    const statuses = ['Pending', 'Paid', 'Approved', 'Paid', 'None', 'Cancelled'];
    for (const [n, status] of statuses.entries()) {
      const createdAt = `2026-05-06 07:08:0${n % 3}.000001+00`;
      await write({ id: `cooked-${n}`, customer: `c${n}`, restaurant: 'cooks', status, createdAt });
    }
    const now = { id: 'cooked-now', customer: 'c9', restaurant: 'cooks', status: 'Paid' };
    await write({ ...now, createdAt: new Date().toISOString() });
    await write({ id: 'other', customer: 'c1', restaurant: 'bakes', status: 'Paid' });
    /** All pages. */
    async function all(query: Omit<OrderListQuery, 'limit' | 'after'>, limit: number) {
      const seen: string[] = [];
      let after: PageEnd | undefined;
      do {
        const page = await sqlReadModel(database).list(ctx, { ...query, limit, after });
        assert.ok(page.orders.length <= limit);
        seen.push(...page.orders.map(({ details }) => details.orderId));
        after = page.next;
      } while (after !== undefined);
      return seen.filter((id) => id.startsWith('cooked'));
    }
    const cooked = (...numbers: (number | string)[]) => numbers.map((n) => `cooked-${n}`);
    for (const limit of [1, 2, 100]) {
      const restaurantId = 'cooks';
      assert.deepEqual(await all({ restaurantId }, limit), cooked('now', 5, 2, 1, 3, 0));
      assert.deepEqual(await all({ restaurantId, status: 'Paid' }, limit), cooked('now', 1, 3));
      const old = { restaurantId, status: 'Paid', olderThan: 60 } as const;
      assert.deepEqual(await all(old, limit), cooked(1, 3));
      assert.deepEqual(await all({ restaurantId, olderThan: 60 }, limit), cooked(5, 2, 1, 3, 0));
      assert.deepEqual(await all({ status: 'Cancelled' }, limit), cooked(5));
      assert.deepEqual(
        await all({ customerId: 'c1', restaurantId, status: 'Paid' }, limit),
        cooked(1),
      );
      assert.deepEqual(await all({ customerId: 'c1', status: 'Pending' }, limit), []);
      assert.deepEqual(await all({ customerId: 'c9', olderThan: 60 }, limit), []);
    }
  });

  it('orders are listed by amount, by whether they are open, and by whether they wait too long', async () => {
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);
    const placed = (seconds: number) => ({ createdAt: ago(seconds).toISOString() });
    const restaurantId = 'waits';
    const all = { restaurant: restaurantId, customer: 'waits' };
    await write({ ...all, id: 'w-new', amount: 100, ...placed(10) });
    await write({ ...all, id: 'w-late', amount: 200, ...placed(70) });
    const paid = { ...all, status: 'Paid' };
    await write({ ...paid, id: 'w-paid', amount: 300, ...placed(80), updatedAt: ago(20) });
    await write({ ...paid, id: 'w-paid-late', amount: 400, ...placed(90), updatedAt: ago(40) });
    await write({ ...all, id: 'w-done', status: 'Approved', amount: 500, ...placed(100) });
    const readModel = sqlReadModel(database, { paymentMs: 60_000, reviewMs: 30_000 });
    const listed = async (query: Omit<OrderListQuery, 'limit' | 'after'>) => {
      const { orders } = await readModel.list(ctx, { ...query, limit: 100, after: undefined });
      const ids = orders.map(({ details }) => details.orderId);
      return ids.flatMap((id) => (id.startsWith('w-') ? [id.slice(2)] : []));
    };
    for (const who of [{ restaurantId }, { customerId: 'waits' }, {}]) {
      assert.deepEqual(await listed({ ...who, minAmount: minor(200), maxAmount: minor(400) }), [
        'late',
        'paid',
        'paid-late',
      ]);
      assert.deepEqual(await listed({ ...who, open: true }), ['new', 'late', 'paid', 'paid-late']);
      assert.deepEqual(await listed({ ...who, overdue: true }), ['late', 'paid-late']);
      assert.deepEqual(await listed({ ...who, overdue: true, status: 'Paid' }), ['paid-late']);
      assert.deepEqual(await listed({ ...who, open: true, status: 'Approved' }), []);
    }
    const page = await readModel.list(ctx, { restaurantId, limit: 100, after: undefined });
    const late = page.orders.find(({ details }) => details.orderId === 'w-paid-late');
    const changedMs = late?.changedAt?.getTime() ?? 0;
    assert.ok(Math.abs(changedMs - ago(40).getTime()) < 5_000, 'it says when it changed');
  });

  it('a list by restaurant or status reads as many rows as it shows, in either table', async () => {
    const stand = (name: string) =>
      writer`update projection_checkpoint set retirements = retirements + 1 where name = ${name}::text`;
    /** The plan that was carried out for a list. */
    async function planOf(query: Omit<OrderListQuery, 'limit' | 'after'>): Promise<string> {
      let plan = '';
      const explaining: Pick<Database, 'query'> = {
        query: async (context, statement) => {
          const rows = await database.query(
            context,
            (sql) => sql`explain (analyze, costs off, timing off) ${statement(sql)}` as never,
          );
          plan = rows.map((row) => Object.values(row)[0]).join('\n');
          return database.query(context, statement);
        },
      };
      const readModel = sqlReadModel(explaining as Database);
      const page = await readModel.list(ctx, { ...query, limit: 5, after: undefined });
      assert.equal(page.orders.length, 5);
      return plan;
    }
    for (const [table, standsDown] of [
      ['orders', READ_MODEL],
      ['orders_b', READ_MODEL_B],
    ] as const) {
      await writer`
        insert into ${writer(table)}
        select 'many-' || n, 'c' || n % 1000, 'many-' || n % 2,
          case when n % 2000 = 0 then 'Paid' else 'Approved' end, 'none', n, '[]', '', null, 1, 1,
          timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second',
          timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second'
        from generate_series(1, 20000) as n`;
      await writer`analyze ${writer(table)}`;
      for (const query of [
        { restaurantId: 'many-0' },
        { restaurantId: 'many-0', status: 'Paid' },
        { restaurantId: 'many-1', olderThan: 0 },
        { status: 'Paid' },
        { status: 'Paid', overdue: true },
        { status: 'Approved', minAmount: minor(100) },
        { status: 'Approved', maxAmount: minor(5) },
        { status: 'Approved', minAmount: minor(300), maxAmount: minor(305) },
      ] as const) {
        const plan = await planOf(query);
        assert.match(plan, new RegExp(`${table}_by_(restaurant|status|amount)`), plan);
        assert.doesNotMatch(plan, new RegExp(`Seq Scan on ${table}`), plan);
        // Of each status one page, and one more.
        const read = [...plan.matchAll(/ rows=(\d+)/g)].map(([, rows]) => Number(rows));
        assert.ok(Math.max(...read) <= 36, plan);
      }
      await stand(standsDown);
    }
    for (const table of ['orders', 'orders_b']) {
      await writer`delete from ${writer(table)} where order_id like 'many-%'`;
    }
  });

  it('a page of large orders ends early, and the next ones show the rest', async () => {
    for (let n = 0; n < 5; n++) {
      await write({ id: `large-${n}`, customer: 'large', name: 'x'.repeat(450_000) });
    }
    const sizes: number[] = [];
    let after: PageEnd | undefined;
    do {
      const page = await sqlReadModel(database).list(ctx, {
        customerId: 'large',
        limit: 100,
        after,
      });
      sizes.push(page.orders.length);
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual(sizes, [3, 2]);
  });

  it('of the two tables the one is read that has not stood down, and lists are of one moment', async () => {
    const readModel = sqlReadModel(database);
    const query = { customerId: 'two', limit: 10, after: undefined };
    await write({ id: 'twice', customer: 'two', status: 'Pending' });
    await writer`
      insert into orders_b select order_id, customer_id, restaurant_id, 'Approved', payment,
        amount_minor, items, created_on, reason, 2, position, created_at, updated_at
      from orders where order_id = 'twice'`;
    await writer`update projection_checkpoint set position = 7 where name = ${READ_MODEL_B}::text`;
    const seen = async () => {
      const page = await readModel.list(ctx, query);
      return [
        (await readModel.find(ctx, 'twice'))?.status,
        page.orders.map(({ status }) => status),
        page.position,
      ];
    };
    const stand = (name: string) =>
      writer`update projection_checkpoint set retirements = retirements + 1 where name = ${name}::text`;
    const first = await seen();
    assert.deepEqual(first.slice(0, 2), ['Pending', ['Pending']]);
    for (let n = 0; n < 2; n++) {
      await stand(READ_MODEL);
      assert.deepEqual(await seen(), ['Approved', ['Approved'], 7n]);
      await stand(READ_MODEL_B);
      assert.deepEqual(await seen(), first);
    }
  });

  it('where a checkpoint is missing nobody can tell which table counts: it says so, and shows none', async () => {
    const readModel = sqlReadModel(database);
    const kept =
      await writer`delete from projection_checkpoint where name = ${READ_MODEL}::text returning position, retirements`;
    const notPrepared = { kind: 'unavailable', code: 'read_model_not_prepared' };
    await assert.rejects(readModel.find(ctx, 'whole'), notPrepared);
    const query = { customerId: 'c1', limit: 10, after: undefined };
    await assert.rejects(readModel.list(ctx, query), notPrepared);
    await writer`insert into projection_checkpoint (name, position, retirements)
      values (${READ_MODEL}::text, ${kept[0]?.position}, ${kept[0]?.retirements})`;
    assert.equal((await readModel.find(ctx, 'whole'))?.status, 'Rejected');
  });

  it('a list says how much of the log is in it', async () => {
    await writer`update projection_checkpoint set position = 42 where name = ${READ_MODEL}::text`;
    const query = { customerId: 'nobody', limit: 10, after: undefined };
    assert.equal((await sqlReadModel(database).list(ctx, query)).position, 42n);
  });

  it('what is projected while a list is read is not left out of what it says to hold', async () => {
    await writer`update projection_checkpoint set position = 50 where name = ${READ_MODEL}::text`;
    let statements = 0;
    // Behind each statement the projection goes on by an order.
    const racing: Pick<Database, 'query'> = {
      query: async (context, statement) => {
        const rows = await database.query(context, statement);
        const position = 50 + ++statements;
        await write({ id: `raced-${position}`, customer: 'raced' });
        await writer`
          update projection_checkpoint set position = ${position} where name = ${READ_MODEL}::text`;
        return rows;
      },
    };
    const query = { customerId: 'raced', limit: 100, after: undefined };
    const page = await sqlReadModel(racing as Database).list(ctx, query);
    // As many as it says, from position 51 on, or more.
    assert.ok(page.orders.length >= Number(page.position) - 50, `${page.position}`);
    assert.ok(statements >= 1);
  });

  it('a read model that is away says so', async () => {
    const gone = createDatabase({
      url: 'postgres://orders@127.0.0.1:1/none',
      name: 'gone',
      poolSize: 1,
      queryTimeoutMs: 2_000,
      logger: silentLogger,
    });
    try {
      await assert.rejects(
        sqlReadModel(gone).find(ctx, 'any'),
        (error) => error instanceof CodedError && error.code === 'database_unavailable',
      );
    } finally {
      await gone.stop?.();
    }
  });
});
