/**
 * An answer of the database is whole or an error, however the statements before it and
 * beside it on its connection ended. New cases each run; a failure prints its seed and
 * path, and `fc.assert`'s own options replay it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import postgres from 'postgres';
import { testPostgres } from '../../../stack/testing.ts';
import { background } from '../context.ts';
import { codedError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import type { ConnectionOptions } from './connections.ts';
import { createDatabase, type Database, prepared, type Statement, sqlState } from './database.ts';

/** What happens to a statement, and to the rest of its connection with it. */
type Fault = 'none' | 'raises' | 'unique' | 'cancelled' | '40001' | 'disconnected';

interface Row {
  readonly n: string;
  readonly filling: string;
}

/** A statement of `rows` rows that meets `fault` at row `at`; behind the last one, nothing happens to it. */
interface Plan {
  readonly shape: keyof typeof shapes;
  readonly rows: number;
  readonly fault: Fault;
  readonly at: number;
}

/** The marks of a statement: its own name, its rows, and what happens at which of them. */
type Marks = readonly [id: string, rows: string, fault: string, at: string];

const FILLING = 'x'.repeat(700);
/** Fewer than a flush of the server's holds and more, so that rows arrive before the error and with it. */
const MOST_ROWS = 40;

const numbers = (rows: string) => Array.from({ length: Number(rows) }, (_, n) => String(n + 1));

/** Each kind of statement that the product has. */
const shapes = {
  tagged:
    ([, rows, fault, at]: Marks): Statement<Row> =>
    (sql) =>
      sql`
      select n::text, meet(${fault}::text, n, ${at}::int8) as filling
      from generate_series(1, ${rows}::int8) as n`,
  composed:
    ([, rows, fault, at]: Marks): Statement<Row> =>
    (sql) => {
      const columns = sql`n::text, meet(${fault}::text, n, ${at}::int8) as filling`;
      return sql`select ${columns} from generate_series(1, ${rows}::int8) as n`;
    },
  array:
    ([, rows, fault, at]: Marks): Statement<Row> =>
    (sql) =>
      sql`
      select n::text, meet(${fault}::text, n, ${at}::int8) as filling
      from unnest(${numbers(rows)}::text[]::int8[]) as n`,
  prepared: (() => {
    const statement = prepared<Row>(`
      select n::text, meet($2::text, n, $3::int8) as filling from generate_series(1, $1::int8) as n`);
    return ([, rows, fault, at]: Marks) => statement(rows, fault, at);
  })(),
  inserted: (() => {
    const statement = prepared<Row>(`
      insert into written (id, n) select $1::text, n from generate_series(1, $2::int8) as n
      returning n::text, meet($3::text, n, $4::int8) as filling`);
    return (marks: Marks) => statement(...marks);
  })(),
  upserted:
    ([id, rows, fault, at]: Marks): Statement<Row> =>
    (sql) =>
      sql`
      insert into written (id, n) select ${id}::text, n from generate_series(1, ${rows}::int8) as n
      on conflict (id, n) do update set id = excluded.id
      returning n::text, meet(${fault}::text, n, ${at}::int8) as filling`,
  appended: (() => {
    const statement = prepared<Row>(`
      with head as (update head set position = position + $2::int8 returning position),
      input as materialized (
        select n from unnest(string_to_array($5::text, chr(31))::int8[]) as n, head
      ),
      added as (
        insert into written (id, n) select $1::text, n from input
        returning n, meet($3::text, n, $4::int8) as filling
      )
      select n::text, filling from added
      order by added.n`);
    return (marks: Marks) => statement(...marks, numbers(marks[1]).join('\u001f'));
  })(),
  updated:
    ([, rows, fault, at]: Marks): Statement<Row> =>
    (sql) =>
      sql`
      update contested set times = times + 1 where n <= ${rows}::int8
      returning n::text, meet(${fault}::text, n, ${at}::int8) as filling`,
};

const writes = new Set<Plan['shape']>(['inserted', 'upserted', 'appended']);

const plan: fc.Arbitrary<Plan> = fc.record({
  shape: fc.constantFrom(...(Object.keys(shapes) as Plan['shape'][])),
  rows: fc.integer({ min: 0, max: MOST_ROWS }),
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Fault>('none') },
    { weight: 12, arbitrary: fc.constantFrom<Fault>('raises', 'unique', 'cancelled', '40001') },
    { weight: 1, arbitrary: fc.constant<Fault>('disconnected') },
  ),
  at: fc.integer({ min: 1, max: MOST_ROWS }),
});

describe('an answer of the database', () => {
  const ctx = background();
  let url: string;
  let admin: postgres.Sql;

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    admin = postgres(url, { max: 1, onnotice: () => undefined });
    await admin`create table written (id text, n int8, primary key (id, n))`;
    await admin`create table head (position int8)`;
    await admin`insert into head values (0)`;
    await admin`create table contested (n int8 primary key, times int8 not null)`;
    await admin`insert into contested select n, 0 from generate_series(1, ${MOST_ROWS}) as n`;
    await admin`create sequence losses`;
    await admin.unsafe(`
      create function meet(fault text, n int8, at int8) returns text language plpgsql as $$
      begin
        if n = at then
          case fault
            when 'raises' then raise exception 'it fails here';
            when 'unique' then raise unique_violation;
            when 'cancelled' then perform pg_cancel_backend(pg_backend_pid()), pg_sleep(5);
            when 'disconnected' then perform pg_terminate_backend(pg_backend_pid()), pg_sleep(5);
            when '40001' then
              if nextval('losses') % 2 = 0 then raise serialization_failure; end if;
            else null;
          end case;
        end if;
        return '${FILLING}';
      end $$`);
  });
  after(() => admin.end());

  const connectTo = (overrides: Partial<ConnectionOptions> = {}) =>
    createDatabase({
      url,
      name: `whole-${randomUUID()}`,
      poolSize: 1,
      queryTimeoutMs: 10_000,
      logger: silentLogger,
      ...overrides,
    });

  async function withDatabase(
    options: Partial<ConnectionOptions>,
    use: (database: Database) => Promise<void>,
  ): Promise<void> {
    const database = connectTo(options);
    await use(database).finally(() => database.stop());
  }

  /** What `plan` came to: its rows, or why there are none. */
  async function run(database: Database, { shape, rows, fault, at }: Plan) {
    const id = randomUUID();
    const statement = shapes[shape]([id, String(rows), fault, String(at)]);
    const answer = await database.query(ctx, statement).catch((error: unknown) => error);
    return { id, answer };
  }

  /** Holds what came of `plan` against it. */
  async function judge({ shape, rows, fault, at }: Plan, id: string, answer: unknown) {
    const met = fault !== 'none' && at <= rows;
    const whole = numbers(String(rows)).map((n) => ({ n, filling: FILLING }));
    if (Array.isArray(answer)) {
      assert.ok(!met || fault === '40001', 'it was ended, and has an answer');
      const byNumber = (one: Row, other: Row) => Number(one.n) - Number(other.n);
      assert.equal(answer.length, rows);
      assert.deepEqual([...answer].toSorted(byNumber), whole);
    } else {
      // It failed itself, or was on its way when its connection was given up.
      const refused = fault === 'raises' ? 'P0001' : fault === 'unique' ? '23505' : undefined;
      if (!met || refused !== sqlState(answer)) {
        assert.equal(codedError(answer).kind, 'unavailable');
      }
    }
    if (!writes.has(shape)) return;
    const [stored] = await admin`select count(*)::int4 as n from written where id = ${id}`;
    if (Array.isArray(answer)) assert.equal(stored?.n, rows);
    else assert.ok(stored?.n === 0 || (stored?.n === rows && (!met || fault === '40001')));
  }

  for (const isolation of ['read committed', 'serializable'] as const) {
    for (const pipeline of [1, 2]) {
      it(`is whole or an error: ${isolation}, ${pipeline} at a time over a connection`, async function () {
        this.timeout(120_000);
        await fc.assert(
          fc.asyncProperty(fc.array(plan, { minLength: 2, maxLength: 24 }), async (plans) => {
            await withDatabase({ isolation, pipeline, poolSize: 2 }, async (database) => {
              const answers = await Promise.all(plans.map((plan) => run(database, plan)));
              for (const [index, plan] of plans.entries()) {
                const { id, answer } = answers[index] ?? assert.fail();
                await judge(plan, id, answer);
              }
            });
          }),
          { numRuns: 40 },
        );
      });
    }
  }

  const failing = (fault: Fault): Plan => ({ shape: 'tagged', rows: 5, fault, at: 3 });
  const one = (database: Database) =>
    database.query<{ n: string }>(
      ctx,
      (sql) => sql`select n::text from generate_series(1, 2) as n`,
    );
  const two = [{ n: '1' }, { n: '2' }];
  const backend = async (database: Database) => {
    const [row] = await database.query<{ pid: number }>(
      ctx,
      (sql) => sql`select pg_backend_pid() as pid`,
    );
    return row?.pid;
  };

  for (const fault of ['raises', 'cancelled', 'disconnected'] as const) {
    it(`holds no rows of the statement before it, which was ended at its third row: ${fault}`, () =>
      withDatabase({}, async (database) => {
        const before = await backend(database);
        const { answer } = await run(database, failing(fault));
        assert.ok(answer instanceof Error);
        assert.deepEqual([...(await one(database))], two);
        assert.notEqual(await backend(database), before, 'its connection is not used again');
      }));
  }

  it('holds its own rows where the statement before it on its connection is ended meanwhile', () =>
    withDatabase({ pipeline: 2 }, async (database) => {
      for (const fault of ['raises', 'cancelled', '40001'] as const) {
        const [, behind] = await Promise.all([
          run(database, failing(fault)),
          one(database).catch((error) => codedError(error).code),
        ]);
        if (behind !== 'database_unavailable') assert.deepEqual([...behind], two);
      }
    }));

  it('of a statement that lost to another in the middle holds the rows of its last run alone', () =>
    withDatabase({}, async (database) => {
      for (let n = 0; n < 3; n++) {
        const { answer } = await run(database, failing('40001'));
        assert.equal((answer as readonly Row[]).length, 5);
      }
    }));

  it('is that of its own statement, though the server wants one planned again that is on its way', () =>
    withDatabase({ pipeline: 2 }, async (database) => {
      await admin`create table shaped (v int8)`;
      await admin`insert into shaped values (1)`;
      const shaped = prepared<{ v: string }>('select v from shaped where v::text = $1::text');
      const echo = prepared<{ v: string }>('select $1::text as v');
      await Promise.all([database.query(ctx, shaped('1')), database.query(ctx, echo('1'))]);
      await admin`alter table shaped alter column v type text`;
      const wanted = ['1', ...Array.from({ length: 8 }, (_, n) => `echo ${n}`)];
      const answers = await Promise.allSettled(
        wanted.map((v, n) => database.query(ctx, n === 0 ? shaped(v) : echo(v))),
      );
      const wrong = answers.filter(
        (answer, n) => answer.status === 'fulfilled' && answer.value[0]?.v !== wanted[n],
      );
      assert.deepEqual(wrong, []);
      const reasons = answers.flatMap((answer) =>
        answer.status === 'fulfilled' ? [] : [codedError(answer.reason).code],
      );
      assert.deepEqual(new Set(reasons), new Set(['database_unavailable']));
    }));

  it('may be a refusal before its first row, or behind its last one, and costs no connection then', () =>
    withDatabase({ isolation: 'serializable' }, async (database) => {
      await admin`
        create table checked (n int8, constraint once unique (n) deferrable initially deferred)`;
      const insert = () =>
        database.query(ctx, (sql) => sql`insert into checked (n) values (1) returning n`);
      const before = await backend(database);
      await insert();
      // Refused by the commit, when its row has been told.
      assert.equal(sqlState(await insert().catch((error) => error)), '23505');
      const { answer } = await run(database, { shape: 'tagged', rows: 5, fault: 'unique', at: 1 });
      assert.equal(sqlState(answer), '23505');
      assert.equal(await backend(database), before);
      assert.deepEqual([...(await one(database))], two);
    }));
});
