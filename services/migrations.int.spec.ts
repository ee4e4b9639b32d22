/** A process may die between a migration and the note that it was made: the next start runs it again. */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import postgres from 'postgres';
import { testPostgres } from '../stack/testing.ts';

const folders = globSync(
  join(import.meta.dirname, '{.,../shared,../examples}/*/migrations'),
).filter((folder) => readdirSync(folder).length > 0);

describe('migrations, on a real database', () => {
  it('of every service and of the frame are tried', () => {
    assert.ok(folders.length >= 5, String(folders));
  });

  for (const folder of folders) {
    it(`each of ${basename(dirname(folder))} may be run a second time, and changes nothing then`, async () => {
      const url = await (await testPostgres()).createDatabase();
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      try {
        // What audits found is the coordinator's own.
        const files = readdirSync(folder).filter((file) => !file.includes('audit-results'));
        for (const file of files.sort()) {
          const statement = readFileSync(join(folder, file), 'utf8');
          await sql.unsafe(statement);
          const once = await shape(sql);
          await sql.unsafe(statement);
          assert.equal(await shape(sql), once, file);
        }
      } finally {
        await sql.end({ timeout: 5 });
      }
    });
  }

  it('sagacoordinator keeps its deadlines in the table of the frame, but for the name of the id', async () => {
    const made = async (folder: string) => {
      const url = await (await testPostgres()).createDatabase();
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      try {
        // What audits found is the coordinator's own.
        const files = readdirSync(folder).filter((file) => !file.includes('audit-results'));
        for (const file of files.sort()) {
          await sql.unsafe(readFileSync(join(folder, file), 'utf8'));
        }
        return await shape(sql, 'order_id');
      } finally {
        await sql.end({ timeout: 5 });
      }
    };
    const folders = ['sagacoordinator', '../shared/process-manager'];
    const [own, frame] = await Promise.all(
      folders.map((folder) => made(join(import.meta.dirname, folder, 'migrations'))),
    );
    assert.equal(own, frame);
  });
});

/** All tables and indexes, and the rows that were put in; a column called `id` counts as `aggregate_id`. */
async function shape(sql: postgres.Sql, id = ''): Promise<string> {
  const columns = await sql<{ table_name: string }[]>`
    select table_name, case column_name when ${id} then 'aggregate_id' else column_name end as name, data_type, is_nullable, column_default
    from information_schema.columns where table_schema = 'public' order by 1, 2`;
  const indexes = await sql`
    select replace(indexdef, ${id}, 'aggregate_id') as definition from pg_indexes where schemaname = 'public' order by indexname`;
  const tables = new Set(columns.map((column) => column.table_name));
  const rows = [];
  for (const table of tables) rows.push(await sql`select * from ${sql(table)}`);
  return JSON.stringify([columns, indexes, rows]);
}
