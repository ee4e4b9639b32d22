/** The ledger for backup and restore: every column as stored, times to the microsecond. */
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** A line as stored, int8 as text. */
export interface CopiedLine {
  readonly idempotencyKey: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly kind: string;
  readonly amountMinor: string;
  readonly outcome: string;
  readonly paymentId: string;
  readonly reason: string;
  /** Microseconds since 1970. */
  readonly createdMicros: string;
  readonly voidKey: string | null;
  readonly voidedMicros: string | null;
}

export interface LedgerCopy {
  /** Some lines after the order `after`, by order; empty only if there are none left. */
  page(ctx: Context, after: string): Promise<readonly CopiedLine[]>;
  isEmpty(ctx: Context): Promise<boolean>;
  /** Writes lines as copied. May be repeated. */
  write(ctx: Context, lines: readonly CopiedLine[]): Promise<void>;
}

const PAGE_LINES = 2_000;

export function createLedgerCopy(database: Database): LedgerCopy {
  return {
    page: (ctx, after) =>
      database.query<CopiedLine>(
        ctx,
        (sql) => sql`
          select idempotency_key as "idempotencyKey", order_id as "orderId",
                 customer_id as "customerId", kind, amount_minor as "amountMinor", outcome,
                 payment_id as "paymentId", reason,
                 (extract(epoch from created_at) * 1000000)::int8 as "createdMicros",
                 void_key as "voidKey",
                 (extract(epoch from voided_at) * 1000000)::int8 as "voidedMicros"
          from ledger where order_id > ${after}::text
          order by order_id limit ${PAGE_LINES}::int8`,
      ),

    isEmpty: async (ctx) => {
      const rows = await database.query<{ one: number }>(
        ctx,
        (sql) => sql`select 1 as one from ledger limit 1`,
      );
      return rows.length === 0;
    },

    write: async (ctx, lines) => {
      const text = (column: (line: CopiedLine) => string | null) => lines.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          insert into ledger (idempotency_key, order_id, customer_id, kind, amount_minor, outcome,
                              payment_id, reason, created_at, void_key, voided_at)
          select i.idempotency_key, i.order_id, i.customer_id, i.kind, i.amount_minor::int8,
                 i.outcome, i.payment_id, i.reason,
                 '1970-01-01 00:00:00+00'::timestamptz
                   + i.created_micros::int8 * interval '1 microsecond',
                 i.void_key,
                 '1970-01-01 00:00:00+00'::timestamptz
                   + i.voided_micros::int8 * interval '1 microsecond'
          from unnest(
            ${text((l) => l.idempotencyKey)}::text[], ${text((l) => l.orderId)}::text[],
            ${text((l) => l.customerId)}::text[], ${text((l) => l.kind)}::text[],
            ${text((l) => l.amountMinor)}::text[], ${text((l) => l.outcome)}::text[],
            ${text((l) => l.paymentId)}::text[], ${text((l) => l.reason)}::text[],
            ${text((l) => l.createdMicros)}::text[], ${text((l) => l.voidKey)}::text[],
            ${text((l) => l.voidedMicros)}::text[]
          ) as i (idempotency_key, order_id, customer_id, kind, amount_minor, outcome,
                  payment_id, reason, created_micros, void_key, voided_micros)
          on conflict (order_id) do nothing`,
      );
    },
  };
}
