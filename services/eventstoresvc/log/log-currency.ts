import type { Currency } from '../../../shared/domain/currency.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** The currency that stands written beside the log. */
export interface LogCurrency {
  /**
   * Writes `configured` down where nothing is written yet, also for a log that has
   * events already; resolves with what stands. Several may do it at once: one of them
   * writes, and all get the same answer.
   */
  settle(ctx: Context, configured: Currency): Promise<Currency>;
  /** What stands; undefined where nothing does, as in a log that no service has used since this is written down. */
  written(ctx: Context): Promise<Currency | undefined>;
  /**
   * Writes `currency` over what stands; undefined: nothing stands any more. For a log
   * without events, whose services are down.
   */
  replace(ctx: Context, currency: Currency | undefined): Promise<void>;
}

interface Row {
  readonly code: string;
  readonly decimals: string;
}

const read = ({ code, decimals }: Row): Currency => ({ code, decimals: Number(decimals) });

/** In the table of the migrations. */
export function createLogCurrency(database: Database, stream: string): LogCurrency {
  return {
    settle: async (ctx, { code, decimals }) => {
      // The update changes nothing: it waits for a row that another one is writing at this
      // moment, and returns it.
      const [row] = await database.query<Row>(
        ctx,
        (sql) => sql`
          insert into log_currency as c (stream, code, decimals)
          values (${stream}::text, ${code}::text, ${String(decimals)}::int8)
          on conflict (stream) do update set code = c.code
          returning code, decimals`,
      );
      if (row === undefined) throw new Error('a statement that writes a currency returned none');
      return read(row);
    },

    written: async (ctx) => {
      const [row] = await database.query<Row>(
        ctx,
        (sql) => sql`select code, decimals from log_currency where stream = ${stream}::text`,
      );
      return row && read(row);
    },

    replace: async (ctx, currency) => {
      if (currency === undefined) {
        await database.query(
          ctx,
          (sql) => sql`delete from log_currency where stream = ${stream}::text`,
        );
        return;
      }
      const { code, decimals } = currency;
      await database.query(
        ctx,
        (sql) => sql`
          insert into log_currency (stream, code, decimals)
          values (${stream}::text, ${code}::text, ${String(decimals)}::int8)
          on conflict (stream) do update
          set code = excluded.code, decimals = excluded.decimals, written_at = now()`,
      );
    },
  };
}
