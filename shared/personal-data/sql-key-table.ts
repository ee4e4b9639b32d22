import type { Database } from '../kit/sql/database.ts';
import type { KeyRow, KeyTable } from './key-table.ts';

/** The table of migrations/. The creator closes the database. */
export const sqlKeyTable = (database: Database): KeyTable => ({
  ofNames: (ctx, names) =>
    database.query<KeyRow>(
      ctx,
      (sql) => sql`
        select pseudonym, name, secret from personal_keys
        where name = any(${[...names]}::text[])`,
    ),

  ofPseudonyms: (ctx, pseudonyms) =>
    database.query<KeyRow>(
      ctx,
      (sql) => sql`
        select pseudonym, name, secret from personal_keys
        where pseudonym = any(${[...pseudonyms]}::text[])`,
    ),

  add: (ctx, rows) => {
    // In one sequence for all, so that two calls with the same names wait for each other and do not deadlock.
    const sorted = rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    // The update changes nothing: only written rows are returned, and it waits for a row that another is writing.
    return database.query<KeyRow>(
      ctx,
      (sql) => sql`
        insert into personal_keys as k (pseudonym, name, secret)
        select n.pseudonym, n.name, n.secret
        from unnest(${sorted.map((row) => row.pseudonym)}::text[],
                    ${sorted.map((row) => row.name)}::text[],
                    ${sorted.map((row) => row.secret)}::text[]) as n (pseudonym, name, secret)
        on conflict (name) do update set name = k.name
        returning pseudonym, name, secret`,
    );
  },

  erase: async (ctx, pseudonyms) => {
    const rows = await database.query<{ readonly pseudonym: string }>(
      ctx,
      (sql) => sql`
        with recorded as (
          insert into personal_erasures (pseudonym)
          select distinct e.pseudonym from unnest(${[...pseudonyms]}::text[]) as e (pseudonym)
          on conflict (pseudonym) do nothing
          returning 1
        )
        delete from personal_keys where pseudonym = any(${[...pseudonyms]}::text[])
        returning pseudonym`,
    );
    return rows.length;
  },

  erasures: (ctx) =>
    database.query(
      ctx,
      (sql) => sql<{ readonly pseudonym: string; readonly erasedAt: Date }[]>`
        select pseudonym, erased_at as "erasedAt" from personal_erasures order by pseudonym`,
    ),
});
