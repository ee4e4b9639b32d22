/** Lines of the ledger that are begun at the same time share one statement. */

import { type BatchEndpoint, batchSizes } from '../../../shared/kit/batch/batch-endpoint.ts';
import { gathered } from '../../../shared/kit/batch/gather.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { columnsOf, type Ledger, type LedgerLine } from './ledger.ts';
import type { Debit, DebitAnswer } from './payment-gateway.ts';

/** A debit and its answer, as `Ledger.enter` takes them. */
interface Entry {
  readonly debit: Debit;
  readonly answer: DebitAnswer | 'asked';
}

/** Most lines in one statement. */
const MAX_LINES = 100;

/**
 * `ledger`, whose `enter` gathers: while one statement is under way the next one gathers.
 * The statement writes all its lines or none; if it is refused, each line is entered by
 * itself.
 */
export function gatheredLedger(
  ledger: Ledger,
  database: Database,
  { timeoutMs, meter }: { readonly timeoutMs: number; readonly meter: Meter },
): Ledger {
  const enter = gathered<Entry, LedgerLine>({
    together: enterMany(database),
    singly: (ctx, { debit, answer }) => ledger.enter(ctx, debit, answer),
    most: MAX_LINES,
    // A connection that falls silent does not hold up all.
    atOnce: 2,
    timeoutMs,
    onGroup: batchSizes(meter, 'ledger_lines'),
  });
  return { ...ledger, enter: (ctx, debit, answer) => enter(ctx, { debit, answer }) };
}

/** Begins many lines, in the order of their orders everywhere, so that instances rarely block each other. */
function enterMany(database: Database): BatchEndpoint<Entry, LedgerLine> {
  return async (ctx, entries) => {
    const sorted = entries.toSorted((a, b) => (a.debit.orderId < b.debit.orderId ? -1 : 1));
    const text = (column: (entry: Entry) => string) => sorted.map(column);
    const lines = await database.query<LedgerLine>(
      ctx,
      (sql) => sql`
        insert into ledger as l
          (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
        select i.idempotency_key, i.order_id, i.customer_id, 'debit', i.amount_minor::int8,
               i.outcome, i.payment_id, i.reason
        from unnest(
          ${text(({ debit }) => debit.idempotencyKey)}::text[],
          ${text(({ debit }) => debit.orderId)}::text[],
          ${text(({ debit }) => debit.customerId)}::text[],
          ${text(({ debit }) => String(debit.amount))}::text[],
          ${text(({ answer }) => columnsOf(answer).outcome)}::text[],
          ${text(({ answer }) => columnsOf(answer).paymentId)}::text[],
          ${text(({ answer }) => columnsOf(answer).reason)}::text[]
        ) as i (idempotency_key, order_id, customer_id, amount_minor, outcome, payment_id, reason)
        on conflict (order_id) do update set kind = l.kind
        returning kind, idempotency_key as "idempotencyKey", order_id as "orderId",
                  customer_id as "customerId", amount_minor as amount, outcome,
                  payment_id as "paymentId", reason, void_key as "voidKey",
                  voided_at is not null as voided,
                  created_at < now() - interval '20 hours' as old`,
    );
    const byOrder = new Map(lines.map((line) => [line.orderId, line]));
    return entries.map(({ debit }) => byOrder.get(debit.orderId) ?? missing(debit));
  };
}

const missing = ({ orderId }: Debit): never => {
  throw new CodedError('internal', 'no_ledger_line', `The ledger answered without ${orderId}.`);
};
