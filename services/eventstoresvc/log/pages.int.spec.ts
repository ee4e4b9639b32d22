/** What a page of the log costs a database that has no statistics of it, as after a restore. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { createEventLog } from './sql-log.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const ctx = background();
const EVENTS = 20_000;
const PAGE = 500;

describe('a page of a log without statistics', function suite() {
  this.timeout(60_000);

  it('reads its own events, and not all that come after it', async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    const connect = (planOnce: boolean) =>
      createDatabase({
        url,
        name: 'test',
        poolSize: 1,
        queryTimeoutMs: 20_000,
        planOnce,
        logger: silentLogger,
      });
    const beside = connect(false);
    await beside.query(ctx, (sql) => sql`alter table events set (autovacuum_enabled = false)`);
    await beside.query(
      ctx,
      (sql) => sql`
        insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                            version, event_data, metadata)
        select 'ORDERS', p, 'event-' || p, 'ORDERS.created', 'order', 'order-' || p, 1,
               repeat('x', 300), '{}'::jsonb
        from generate_series(1, ${EVENTS}::int8) as p`,
    );
    // Its connection tells what it read when it is closed.
    const database = connect(true);
    const log = createEventLog(database, database, 'ORDERS');
    const all = await log.read(ctx, { afterPosition: 1_000n }, PAGE);
    const eventTypes = ['ORDERS.created', 'ORDERS.approved'];
    const some = await log.read(ctx, { afterPosition: 1_000n, eventTypes }, PAGE);
    await database.stop();
    for (const { events, more } of [all, some]) {
      assert.deepEqual([events[0]?.position, events.length, more], [1_001n, PAGE, true]);
    }
    const read = await eventually('the database tells what was read', async () => {
      const [row] = await beside.query<{ rows: string }>(
        ctx,
        (sql) => sql`
          select (coalesce(idx_tup_fetch, 0) + seq_tup_read)::text as rows
          from pg_stat_user_tables where relname = 'events'`,
      );
      const rows = Number(row?.rows);
      if (rows >= 2 * PAGE) return rows;
      throw new Error(`it tells of ${rows} rows`);
    });
    await beside.stop();
    assert.ok(read <= 3 * PAGE, `two pages of ${PAGE} events read ${read} rows`);
  });
});
