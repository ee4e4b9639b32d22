/** A process may die between a migration and the note that it was made: the next start runs it again. */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import postgres from 'postgres';
import { testPostgres } from '../stack/testing.ts';

const folders = globSync(join(import.meta.dirname, '*/migrations')).filter(
  (folder) => readdirSync(folder).length > 0,
);

describe('migrations, on a real database', () => {
  it('of every service are tried', () => assert.ok(folders.length >= 4, String(folders)));

  for (const folder of folders) {
    it(`each of ${basename(dirname(folder))} may be run a second time, and changes nothing then`, async () => {
      const url = await (await testPostgres()).createDatabase();
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      // The shape of all tables and indexes, and how many rows were put in.
      const shape = async () => {
        const columns = await sql<{ table_name: string }[]>`
          select table_name, column_name, data_type, is_nullable, column_default
          from information_schema.columns where table_schema = 'public' order by 1, 2`;
        const indexes = await sql`
          select indexdef from pg_indexes where schemaname = 'public' order by 1`;
        const tables = new Set(columns.map((column) => column.table_name));
        const rows = [];
        for (const table of tables) rows.push(await sql`select * from ${sql(table)}`);
        return JSON.stringify([columns, indexes, rows]);
      };
      try {
        for (const file of readdirSync(folder).sort()) {
          const statement = readFileSync(join(folder, file), 'utf8');
          await sql.unsafe(statement);
          const once = await shape();
          await sql.unsafe(statement);
          assert.equal(await shape(), once, file);
        }
      } finally {
        await sql.end({ timeout: 5 });
      }
    });
  }
});
