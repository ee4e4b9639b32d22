/** The keys of people for backup and restore, as the owner of the tables. */
import type { Context } from '../kit/context.ts';
import type { Database } from '../kit/sql/database.ts';
import type { KeyRow } from './key-table.ts';

export interface KeyCopy {
  /** Some rows after the pseudonym `after`, by pseudonym; empty only if there are none left. */
  page(ctx: Context, after: string): Promise<readonly KeyRow[]>;
  /** The pseudonyms of all who were erased. */
  erased(ctx: Context): Promise<readonly string[]>;
  /** Writes rows as copied, but for those of pseudonyms that are erased. May be repeated. Resolves with how many are new. */
  write(ctx: Context, rows: readonly KeyRow[]): Promise<number>;
  /** A person that the database knows under another key than the copy; undefined if there is none. */
  other(ctx: Context, rows: readonly KeyRow[]): Promise<string | undefined>;
}

const PAGE_ROWS = 2_000;

/** Over the tables of migrations/. The creator closes the database. */
export const sqlKeyCopy = (database: Database): KeyCopy => ({
  page: (ctx, after) =>
    database.query<KeyRow>(
      ctx,
      (sql) => sql`
        select pseudonym, name, secret from personal_keys
        where pseudonym > ${after}::text order by pseudonym limit ${PAGE_ROWS}::int8`,
    ),

  erased: async (ctx) => {
    const rows = await database.query<{ readonly pseudonym: string }>(
      ctx,
      (sql) => sql`select pseudonym from personal_erasures order by pseudonym`,
    );
    return rows.map(({ pseudonym }) => pseudonym);
  },

  write: async (ctx, rows) => {
    const written = await database.query(
      ctx,
      (sql) => sql`
        insert into personal_keys (pseudonym, name, secret)
        select n.pseudonym, n.name, n.secret
        from unnest(${rows.map((row) => row.pseudonym)}::text[],
                    ${rows.map((row) => row.name)}::text[],
                    ${rows.map((row) => row.secret)}::text[]) as n (pseudonym, name, secret)
        where not exists (select 1 from personal_erasures e where e.pseudonym = n.pseudonym)
        on conflict (pseudonym) do nothing
        returning pseudonym`,
    );
    return written.length;
  },

  other: async (ctx, rows) => {
    const [found] = await database.query<{ readonly pseudonym: string }>(
      ctx,
      (sql) => sql`
        select k.pseudonym
        from unnest(${rows.map((row) => row.pseudonym)}::text[],
                    ${rows.map((row) => row.name)}::text[],
                    ${rows.map((row) => row.secret)}::text[]) as n (pseudonym, name, secret)
        join personal_keys k on k.name = n.name or k.pseudonym = n.pseudonym
        where k.pseudonym <> n.pseudonym or k.secret <> n.secret or k.name <> n.name
        limit 1`,
    );
    return found?.pseudonym;
  },
});
