import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import type { Debit, DebitAnswer } from './payment-gateway.ts';

/** One line of the ledger: what was asked under a key, and the answer it got. */
export interface LedgerEntry {
  readonly orderId: string;
  readonly customerId: string;
  /** Minor units, as the database writes an int8. */
  readonly amount: string;
  readonly outcome: DebitAnswer['outcome'];
  readonly paymentId: string;
  readonly reason: string;
}

/** The simulated gateway's books. */
export interface Ledger {
  /**
   * Enters `debit` with `answer` unless its key is entered already, and resolves
   * with the entry that now stands under the key: this one, or the first.
   */
  enter(ctx: Context, debit: Debit, answer: DebitAnswer): Promise<LedgerEntry>;
}

/** The ledger in the table of migrations/001. Each entry is one statement. */
export function sqlLedger(database: Database): Ledger {
  return {
    async enter(ctx, debit, answer) {
      const paymentId = answer.outcome === 'debited' ? answer.paymentId : '';
      const reason = answer.outcome === 'declined' ? answer.reason : '';
      // Where the key exists, the update changes nothing: it is there because only
      // rows that were written are returned, and because it waits for an entry of
      // the same key that is being made at this moment, which a plain read would
      // not see.
      const [entry] = await database.query<LedgerEntry>(
        ctx,
        (sql) => sql`
          insert into ledger as l
            (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
          values
            (${debit.idempotencyKey}::text, ${debit.orderId}::text, ${debit.customerId}::text, 'debit',
             ${String(debit.amount)}::int8, ${answer.outcome}::text, ${paymentId}::text, ${reason}::text)
          on conflict (idempotency_key) do update set kind = l.kind
          returning order_id as "orderId", customer_id as "customerId", amount_minor as "amount",
                    outcome, payment_id as "paymentId", reason`,
      );
      if (entry === undefined) throw new Error('an upsert returned no row');
      return entry;
    },
  };
}
