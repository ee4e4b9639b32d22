import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type Database, sqlState } from '../../../shared/kit/sql/database.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import { onceWithoutDecimals } from '../../../shared/money/iso-4217.ts';

/** The currency that stands written beside the log. */
export interface LogCurrency {
  /**
   * Writes `configured` down where nothing is written yet, also for a log that has
   * events already; resolves with what stands. Several may do it at once: one of them
   * writes, and all get the same answer. Rejects with `unavailable` (code
   * `currency_recounted`) where the events may be of a release that counted this currency
   * otherwise: then an operator has to put the other books right first.
   */
  settle(ctx: Context, configured: Currency): Promise<Currency>;
  /** What stands; undefined where nothing does, as in a log that no service has used since this is written down, or where its table is not there yet. */
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

const UNDEFINED_TABLE = '42P01';

/** In the table of the migrations. */
export function createLogCurrency(database: Database, stream: string): LogCurrency {
  /** It has events, and no release that writes a currency down has used it. */
  async function isOfBefore(ctx: Context): Promise<boolean> {
    const found = await database.query(
      ctx,
      (sql) => sql`
        select 1 from log_head h
        where h.stream = ${stream}::text and h.position > 0
          and not exists (select 1 from log_currency c where c.stream = h.stream)`,
    );
    return found.length > 0;
  }

  return {
    settle: async (ctx, configured) => {
      const { code, decimals } = configured;
      if (onceWithoutDecimals.includes(code) && (await isOfBefore(ctx))) {
        throw recounted(configured);
      }
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
      const [row] = await database
        .query<Row>(
          ctx,
          (sql) => sql`select code, decimals from log_currency where stream = ${stream}::text`,
        )
        .catch((error: unknown) => {
          // The tables are an older release's: a backup of it is made before they are brought up.
          if (sqlState(error) === UNDEFINED_TABLE) return [];
          throw error;
        });
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

const recounted = ({ code, decimals }: Currency) =>
  new CodedError(
    'unavailable',
    'currency_recounted',
    `This log has events from an older release, which counted ${code} without decimals; it has ${decimals}. First multiply the amounts in the ledger by ${10 ** decimals}: see "Upgrade" in docs/operations.md.`,
  );
