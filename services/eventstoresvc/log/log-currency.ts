import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type Database, sqlState } from '../../../shared/kit/sql/database.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import { onceWithoutDecimals } from '../../../shared/money/iso-4217.ts';

/** The currency recorded beside the log. */
export interface LogCurrency {
  /**
   * Records `configured` if no currency is recorded yet, even if the log has events;
   * resolves with the recorded one. Safe to call concurrently: one caller writes, and
   * all get the same answer. Rejects with `unavailable` (code `currency_recounted`) if
   * the events may come from a release that counted this currency differently: then an
   * operator must correct the other books first.
   */
  settle(ctx: Context, configured: Currency): Promise<Currency>;
  /** The recorded currency; undefined if there is none, as in a log last used by an older release, or if the table does not exist yet. */
  written(ctx: Context): Promise<Currency | undefined>;
  /**
   * Replaces the recorded currency; undefined removes it. Only for a log without
   * events, while its services are down.
   */
  replace(ctx: Context, currency: Currency | undefined): Promise<void>;
}

interface Row {
  readonly code: string;
  readonly decimals: string;
}

const read = ({ code, decimals }: Row): Currency => ({ code, decimals: Number(decimals) });

const UNDEFINED_TABLE = '42P01';

/** Uses the migrations' table. */
export function createLogCurrency(database: Database, stream: string): LogCurrency {
  /** True if the log has events and no release that records a currency has used it. */
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
      // The update changes nothing. It waits for a row that another caller is writing at
      // this moment, and returns it.
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
          // The schema is an older release's: its backup is made before it is migrated.
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
