import type { Sql } from 'postgres';

/** What the backends of one database did so far. */
export interface PostgresCounts {
  readonly transactions: number;
  /** Times that one of them waited for the disk to have the WAL. */
  readonly flushes: number;
  readonly walBytes: number;
}

/**
 * By database. A backend tells once a second at most, so that of a round the last second
 * may count in the next; one that has ended takes its flushes along.
 */
export async function postgresCounts(sql: Sql): Promise<ReadonlyMap<string, PostgresCounts>> {
  const rows = await sql<(PostgresCounts & { readonly name: string })[]>`
    select d.datname as name,
           (d.xact_commit + d.xact_rollback)::float8 as transactions,
           (select coalesce(sum(io.fsyncs), 0)
            from pg_stat_activity a, pg_stat_get_backend_io(a.pid) io
            where a.datname = d.datname and io.object = 'wal')::float8 as flushes,
           (select coalesce(sum(wal.wal_bytes), 0)
            from pg_stat_activity a, pg_stat_get_backend_wal(a.pid) wal
            where a.datname = d.datname)::float8 as "walBytes"
    from pg_stat_database d
    where d.datname is not null`;
  return new Map(rows.map(({ name, ...counts }) => [name, counts]));
}
