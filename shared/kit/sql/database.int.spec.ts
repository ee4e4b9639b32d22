import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { testPostgres } from '../../../stack/testing.ts';
import { eventually } from '../../testing/eventually.ts';
import { background, withTimeLeft } from '../context.ts';
import { codedError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { createDatabase, type Database, sqlState } from './database.ts';

describe('the database client', () => {
  const ctx = background();
  let url: string;
  let database: Database;
  let admin: postgres.Sql;

  const connectTo = (overrides: Partial<Parameters<typeof createDatabase>[0]> = {}) =>
    createDatabase({
      url,
      name: `test-${randomUUID()}`,
      poolSize: 4,
      queryTimeoutMs: 3_000,
      logger: silentLogger,
      ...overrides,
    });

  before(async () => {
    url = await (await testPostgres()).createDatabase();
    admin = postgres(url, { max: 2, onnotice: () => undefined });
    await admin`create table numbers (n int8 primary key, writer text)`;
    database = connectTo();
  });
  after(async () => {
    await database.stop();
    await admin.end();
  });

  it('runs one statement and gives its rows', async () => {
    const rows = await database.query<{ n: string }>(ctx, (sql) => sql`select ${'7'}::int8 as n`);
    assert.deepEqual([...rows], [{ n: '7' }]);
  });

  it('can have a statement planned once a connection and by indexes, whatever the size of what it is given', async () => {
    const one = connectTo({ poolSize: 1, planOnce: true });
    for (const size of [1, 300, 1, 1, 300, 1, 1]) {
      const texts = Array.from({ length: size }, (_, n) => String(n));
      await one.query(
        ctx,
        (sql) => sql`
          select n from numbers where n = any(${texts}::text[]::int8[])`,
      );
    }
    const [plans] = await one.query<{ custom: string; seqscan: string }>(
      ctx,
      (sql) => sql`
        select sum(custom_plans)::text as custom, current_setting('enable_seqscan') as seqscan
        from pg_prepared_statements`,
    );
    await one.stop();
    assert.deepEqual({ ...plans }, { custom: '0', seqscan: 'off' });
  });

  it('sends texts of any kind in an array', async () => {
    const texts = [
      '',
      'null',
      '{a,b}',
      'a"b',
      'back\\slash',
      "it's",
      'ümläut 😀',
      'line\nbreak',
      null,
    ];
    const rows = await database.query<{ t: string | null }>(
      ctx,
      (sql) => sql`select t from unnest(${texts}::text[]) as u (t)`,
    );
    assert.deepEqual(
      rows.map(({ t }) => t),
      texts,
    );
    const none = await database.query(
      ctx,
      (sql) => sql`select t from unnest(${[]}::text[]) as u (t)`,
    );
    assert.equal(none.length, 0);
  });

  it('a query that passes its deadline is a timeout, and the next one is served', async () => {
    const impatient = connectTo({ queryTimeoutMs: 100 });
    try {
      const error = await impatient.query(ctx, (sql) => sql`select pg_sleep(5)`).catch((e) => e);
      assert.equal(codedError(error).kind, 'timeout');
      assert.equal((await impatient.query(ctx, (sql) => sql`select 1`)).length, 1);
      const soon = withTimeLeft(ctx, 50);
      const late = await database.query(soon, (sql) => sql`select pg_sleep(5)`).catch((e) => e);
      assert.equal(codedError(late).kind, 'timeout', "the caller's deadline counts too");
    } finally {
      await impatient.stop();
    }
  });

  const backend = (of: Database) =>
    of
      .query<{ pid: number }>(ctx, (sql) => sql`select pg_backend_pid() as pid`)
      .then(([row]) => row?.pid);

  /** Has rows on their way when its backend ends. */
  async function endsItself(pool: Database): Promise<void> {
    const lost = await pool
      .query(
        ctx,
        (sql) =>
          sql`select pg_terminate_backend(pg_backend_pid()), n from generate_series(1, 100000) as n`,
      )
      .catch((error) => error);
    assert.equal(codedError(lost).kind, 'unavailable');
  }

  it('who asks alone has the connection that was used last, however many there are', async () => {
    const pool = connectTo();
    try {
      const open = () => pool.query(ctx, (sql) => sql`select pg_sleep(0.05)`);
      await Promise.all([open(), open(), open(), open()]);
      const asked = new Set<number | undefined>();
      for (let n = 0; n < 10; n++) asked.add(await backend(pool));
      assert.equal(asked.size, 1);
    } finally {
      await pool.stop();
    }
  });

  it('after a connection was lost another one is used while there is one, and then it is replaced', async () => {
    const pool = connectTo({ poolSize: 2 });
    try {
      const both = await Promise.all([backend(pool), backend(pool)]);
      const last = await backend(pool);
      await endsItself(pool);
      const left = both.filter((pid) => pid !== last);
      assert.deepEqual([await backend(pool)], left);
      const again = await Promise.all([backend(pool), backend(pool)]);
      assert.deepEqual(again.includes(left[0]), true);
      assert.equal(new Set([...both, ...again]).size, 3);
    } finally {
      await pool.stop();
    }
  });

  it('what a lost connection was answering is no part of later answers', async () => {
    const pool = connectTo({ poolSize: 1 });
    try {
      await endsItself(pool);
      for (let n = 0; n < 3; n++) {
        const rows = await pool.query(ctx, (sql) => sql`select 1 as one`);
        assert.deepEqual([...rows], [{ one: 1 }]);
      }
    } finally {
      await pool.stop();
    }
  });

  it('a caller that gives up while a lost connection is replaced is told that nothing was sent, and nothing is', async () => {
    const narrow = connectTo({ poolSize: 1 });
    try {
      await endsItself(narrow);
      const soon = withTimeLeft(ctx, 50);
      const late = await narrow
        .query(soon, (sql) => sql`insert into numbers (n, writer) values (78, 'late')`)
        .catch((error) => error);
      assert.equal(codedError(late).kind, 'overloaded');
      await narrow.query(ctx, (sql) => sql`select 1`);
      assert.deepEqual([...(await admin`select n from numbers where n = 78`)], []);
    } finally {
      await narrow.stop();
    }
  });

  it('where it is asked for, statements follow one another over a connection, and only so many', async () => {
    const pipelined = connectTo({ poolSize: 1, pipeline: 2 });
    try {
      const ended: string[] = [];
      const soon = withTimeLeft(ctx, 100);
      const [first, second, third] = await Promise.all([
        pipelined
          .query(ctx, (sql) => sql`select pg_sleep(0.3), pg_backend_pid() as pid`)
          .finally(() => ended.push('first')),
        pipelined
          .query(ctx, (sql) => sql`select pg_backend_pid() as pid`)
          .finally(() => ended.push('second')),
        pipelined.query(soon, (sql) => sql`select 1`).catch((error) => codedError(error).kind),
      ]);
      assert.deepEqual(ended, ['first', 'second']);
      assert.deepEqual(
        first.map(({ pid }) => pid),
        second.map(({ pid }) => pid),
      );
      assert.equal(third, 'overloaded', 'it was not sent');
    } finally {
      await pipelined.stop();
    }
  });

  it('a refused statement is nothing to the one behind it, and a lost connection is the end of both', async () => {
    const pipelined = connectTo({ poolSize: 1, pipeline: 2 });
    const one = () => pipelined.query(ctx, (sql) => sql`select 1 as one`).then((rows) => [...rows]);
    try {
      const refused = pipelined.query(ctx, (sql) => sql`select 1 / 0`).catch((error) => error);
      assert.deepEqual(await one(), [{ one: 1 }]);
      assert.equal(sqlState(await refused), '22012');
      const behind = await Promise.all([endsItself(pipelined), one().catch((error) => error)]);
      assert.equal(codedError(behind[1]).kind, 'unavailable');
      for (let n = 0; n < 3; n++) {
        assert.deepEqual(await Promise.all([one(), one()]), [[{ one: 1 }], [{ one: 1 }]]);
      }
    } finally {
      await pipelined.stop();
    }
  });

  it("a caller's deadline counts while it waits for a connection, and what waited is not sent then", async () => {
    const narrow = connectTo({ poolSize: 1 });
    try {
      let over = false;
      const first = narrow
        .query(ctx, (sql) => sql`select pg_sleep(0.3)`)
        .finally(() => {
          over = true;
        });
      const soon = withTimeLeft(ctx, 50);
      const late = await narrow
        .query(soon, (sql) => sql`insert into numbers (n, writer) values (77, 'late')`)
        .catch((e) => e);
      assert.equal(codedError(late).kind, 'overloaded');
      assert.ok(!over, 'it heard before a connection was free');
      await first;
      await narrow.query(ctx, (sql) => sql`select 1`);
      assert.deepEqual([...(await admin`select n from numbers where n = 77`)], []);
    } finally {
      await narrow.stop();
    }
  });

  it('a connection whose caller left is lent again when its statement is over, and not before', async () => {
    const narrow = connectTo({ poolSize: 1 });
    try {
      const before = await backend(narrow);
      const soon = withTimeLeft(ctx, 50);
      const left = await narrow.query(soon, (sql) => sql`select pg_sleep(0.3)`).catch((e) => e);
      assert.equal(codedError(left).kind, 'timeout');
      assert.equal(await backend(narrow), before);
    } finally {
      await narrow.stop();
    }
  });

  it('a statement that cannot be put together costs no connection', async () => {
    const narrow = connectTo({ poolSize: 1 });
    try {
      const broken = () => {
        throw new Error('broken');
      };
      const error = codedError(await narrow.query(ctx, broken).catch((e) => e));
      assert.equal(error.kind, 'internal');
      assert.equal((await narrow.query(ctx, (sql) => sql`select 1`)).length, 1);
    } finally {
      await narrow.stop();
    }
  });

  it('load alone is no silence: who waits too long is refused, and the pool stays', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_: object, text: string) => warnings.push(text) };
    const narrow = connectTo({ poolSize: 1, queryTimeoutMs: 500, logger: logger as never });
    try {
      const soon = withTimeLeft(ctx, 700);
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, () => narrow.query(soon, (sql) => sql`select pg_sleep(0.2)`)),
      );
      const kinds = results.map((result) =>
        result.status === 'fulfilled' ? 'ok' : codedError(result.reason).kind,
      );
      assert.deepEqual(kinds.slice(0, 3), ['ok', 'ok', 'ok']);
      assert.equal(kinds.at(-1), 'overloaded');
      assert.deepEqual(warnings, []);
    } finally {
      await narrow.stop();
    }
  });

  it('says that it is not ready while the database is away, and ready when it is back', async () => {
    const watched = connectTo();
    const nowhere = connectTo({ url: 'postgres://nobody@127.0.0.1:1/none' });
    try {
      await Promise.all([watched.start?.(), nowhere.start?.()]);
      await eventually('one is ready', () => watched.notReady() === undefined);
      await eventually('the other is not', () => nowhere.notReady()?.includes('not available'));
    } finally {
      await Promise.all([watched.stop(), nowhere.stop()]);
    }
  });

  it('a database that is not prepared yet is unavailable, not a fault', async () => {
    const error = await database
      .query(ctx, (sql) => sql`select n from no_such_table`)
      .catch((e) => e);
    assert.equal(codedError(error).kind, 'unavailable');
  });

  it('the server ends a statement that its client fell silent about', async () => {
    const [row] = await database.query<{ transaction_timeout: string }>(
      ctx,
      (sql) => sql`select current_setting('transaction_timeout') as transaction_timeout`,
    );
    assert.equal(row?.transaction_timeout, '4s');
  });

  it('a broken constraint tells its SQLSTATE and nothing else to callers', async () => {
    await database.query(ctx, (sql) => sql`insert into numbers (n) values (${'-1'}::int8)`);
    const error = await database
      .query(ctx, (sql) => sql`insert into numbers (n) values (${'-1'}::int8)`)
      .catch((e) => e);
    assert.equal(sqlState(error), '23505');
    assert.doesNotMatch(codedError(error).message, /numbers|pkey/);
  });

  it('a database that is away is unavailable', async () => {
    const nowhere = connectTo({ url: 'postgres://nobody:secret@127.0.0.1:1/none' });
    try {
      const error = codedError(await nowhere.query(ctx, (sql) => sql`select 1`).catch((e) => e));
      assert.equal(error.kind, 'unavailable');
      assert.doesNotMatch(error.message, /secret/);
    } finally {
      await nowhere.stop();
    }
  });

  it('what is acknowledged survives its backends being killed, and nothing hangs', async () => {
    const name = `killed-${randomUUID()}`;
    const victim = connectTo({ name });
    const acknowledged = new Set<number>();
    let n = 0;
    let kills = 0;
    const killing = (async () => {
      while (kills < 15) {
        const ended = await admin`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = ${name} and pid <> pg_backend_pid()`;
        if (ended.length > 0) kills++;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    try {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          while (kills < 15) {
            const mine = n++;
            try {
              await victim.query(
                ctx,
                (sql) =>
                  sql`insert into numbers (n, writer) values (${String(mine)}::int8, ${name}::text)`,
              );
              acknowledged.add(mine);
            } catch (error) {
              // Either way the outcome is unknown; a timeout has the pool replaced.
              assert.ok(['unavailable', 'timeout'].includes(codedError(error).kind));
            }
          }
        }),
      );
      await killing;
      const stored = await admin`select n from numbers where writer = ${name}`;
      const there = new Set(stored.map((row) => Number(row.n)));
      assert.ok(acknowledged.size > 0);
      assert.deepEqual(
        [...acknowledged].filter((one) => !there.has(one)),
        [],
      );
    } finally {
      await victim.stop();
    }
  });

  it('statements that lost to another are repeated, so nobody hears of 40001', async () => {
    const serializable = connectTo({ isolation: 'serializable', poolSize: 8 });
    try {
      await database.query(
        ctx,
        (sql) => sql`insert into numbers (n, writer) values (1000000, '0')`,
      );
      await Promise.all(
        Array.from({ length: 40 }, () =>
          serializable.query(
            ctx,
            (sql) =>
              sql`update numbers set writer = (writer::int8 + 1)::text where n = 1000000::int8`,
          ),
        ),
      );
      const [row] = await admin`select writer from numbers where n = 1000000`;
      assert.equal(row?.writer, '40');
    } finally {
      await serializable.stop();
    }
  });

  it('stop lets go of its connections', async () => {
    const name = `stopped-${randomUUID()}`;
    const stopped = connectTo({ name });
    await stopped.query(ctx, (sql) => sql`select 1`);
    await stopped.stop();
    await eventually('its connections are gone', async () => {
      const rows = await admin`select 1 from pg_stat_activity where application_name = ${name}`;
      return rows.length === 0;
    });
  });
});
