/** What a backup costs a database that has no statistics of its log, as after a restore. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLogger } from '../../shared/kit/logger.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { openSql } from '../../shared/kit/sql/sql-access.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { testFolder, testPostgres } from '../../stack/testing.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const EVENTS = 120_000;
const LINES = 4_000;

describe('a backup of a log without statistics', function suite() {
  this.timeout(120_000);

  it('reads each event once, and not all that come after it with each page', async () => {
    const [log, ledger] = [await database('eventstoresvc'), await database('paymentworker')];
    await log.sql.unsafe('alter table events set (autovacuum_enabled = false)');
    await log.sql`
      insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                          version, event_data, metadata)
      select 'ORDERS', p, 'event-' || p, 'ORDERS.created', 'order',
             'order-' || lpad(p::text, 6, '0'), 1, repeat('x', 300), '{}'
      from generate_series(1, ${EVENTS}::int8) as p`;
    await log.sql`update log_head set position = ${EVENTS}::int8`;
    await ledger.sql`
      insert into ledger (idempotency_key, order_id, customer_id, kind, amount_minor, outcome,
                          payment_id, reason)
      select 'key-' || p, 'order-' || lpad(p::text, 6, '0'), 'ada', 'debit', 1, 'debited',
             'payment-' || p, ''
      from generate_series(1, ${LINES}::int8) as p`;
    const file = join(await testFolder(), 'orders.backup');
    const env = {
      ...process.env,
      EVENTSTORE_DATABASE_URL: log.url,
      PAYMENTS_DATABASE_URL: ledger.url,
    };
    const done = await promisify(execFile)(process.execPath, [main, 'backup', file, '--json'], {
      env,
    });
    const { events, ledger_lines: lines } = JSON.parse(done.stdout);
    assert.deepEqual([events, lines], [EVENTS, LINES]);
    // Its connections told what they read when they were closed.
    const read = await eventually('the database tells what was read', async () => {
      const [row] = await log.sql`
        select (coalesce(idx_tup_fetch, 0) + seq_tup_read)::text as rows
        from pg_stat_user_tables where relname = 'events'`;
      const rows = Number(row?.rows);
      if (rows >= EVENTS) return rows;
      throw new Error(`it tells of ${rows} rows`);
    });
    // Each event, and for each line those of its order, twice.
    assert.ok(read <= EVENTS + 2 * LINES + 1_000, `of ${EVENTS} events ${read} rows were read`);
    await Promise.all([log, ledger].map(({ sql }) => sql.end({ timeout: 5 })));
  });
});

async function database(service: string) {
  const url = await (await testPostgres()).createDatabase();
  const folder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
  await migrate({ url, folder, logger: silentLogger });
  return { url, sql: openSql(url, { max: 1, onnotice: () => undefined }) };
}
