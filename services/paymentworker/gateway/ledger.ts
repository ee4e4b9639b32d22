/**
 * The payment worker's ledger, with one line per order. A line begins with the order's
 * debit, or with its void if that comes first; then it is a tombstone. Both want the
 * same row, so the database decides which came first; each method is one statement.
 */
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type Database, type Statement, sqlState } from '../../../shared/kit/sql/database.ts';
import { type Debit, type DebitAnswer, VOIDED, type Void } from './payment-gateway.ts';

/** An order's line. */
export interface LedgerLine {
  /** `tombstone`: the void came first, and no debit will be entered. */
  readonly kind: 'debit' | 'tombstone';
  /** The debit's key; on a tombstone the void's. */
  readonly idempotencyKey: string;
  readonly orderId: string;
  /** Empty on a tombstone. */
  readonly customerId: string;
  /** Minor units, as the database writes an int8. */
  readonly amount: string;
  /** `asked`: the gateway was called and the answer is not known yet. */
  readonly outcome: 'asked' | DebitAnswer['outcome'];
  /** Empty unless debited. */
  readonly paymentId: string;
  /** Empty unless declined. */
  readonly reason: string;
  /** Key of the first void; null until there is one. */
  readonly voidKey: string | null;
  /** The void is done. */
  readonly voided: boolean;
  /** The line began many hours ago, so gateways may have forgotten its key. */
  readonly old: boolean;
}

/** Money in minor units, as the database writes it. */
export interface Balance {
  readonly debits: bigint;
  readonly voids: bigint;
  /** What remains: debits − voids. */
  readonly net: bigint;
}

export interface Ledger {
  /**
   * Begins the order's line with `debit` and its answer (`asked` if not known yet),
   * unless the line exists. Resolves with the line in the ledger. Rejects with
   * `already_exists` if another order has the debit's key.
   */
  enter(ctx: Context, debit: Debit, answer: DebitAnswer | 'asked'): Promise<LedgerLine>;
  /** Records the answer to an `asked` debit; a known answer stays. Resolves with the line in the ledger. */
  settle(ctx: Context, orderId: string, answer: DebitAnswer): Promise<LedgerLine>;
  /**
   * Marks the order's line as voided, or begins one as a tombstone. Resolves with the line
   * in the ledger. Use `asked` first and `done` later if giving back takes a call to
   * another service. Rejects with `already_exists` if another order has the void's key.
   */
  void(ctx: Context, request: Void, progress: 'asked' | 'done'): Promise<LedgerLine>;
  /** The balance of one order, or of all. */
  balance(ctx: Context, orderId?: string): Promise<Balance>;
}

/** The ledger in the migrations' table. */
export function sqlLedger(database: Database): Ledger {
  async function line(ctx: Context, statement: Statement<LedgerLine>): Promise<LedgerLine> {
    const [written] = await database.query(ctx, statement);
    if (written === undefined) throw new Error('a statement that writes a line returned none');
    return written;
  }

  /**
   * An upsert waits for another one of the same order. But two that both begin the line
   * can collide at the key's index first; by then the line exists and a retry finds it,
   * unless at serializable the other was rolled back and collides again. A key of another
   * order keeps colliding.
   */
  async function upsert(ctx: Context, statement: Statement<LedgerLine>): Promise<LedgerLine> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await line(ctx, statement);
      } catch (error) {
        if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
        if (attempt === MEETINGS) throw keyReused(error);
      }
    }
  }

  return {
    enter(ctx, debit, answer) {
      const { outcome, paymentId, reason } = columnsOf(answer);
      // If the line exists, this update changes nothing. It is there because only written
      // rows are returned, and because it waits for a line of the same order that is being
      // written right now, which a plain read would not see.
      return upsert(
        ctx,
        (sql) => sql`
          insert into ledger as l
            (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
          values
            (${debit.idempotencyKey}::text, ${debit.orderId}::text, ${debit.customerId}::text, 'debit',
             ${String(debit.amount)}::int8, ${outcome}::text, ${paymentId}::text, ${reason}::text)
          on conflict (order_id) do update set kind = l.kind
          returning kind, idempotency_key as "idempotencyKey", order_id as "orderId",
                    customer_id as "customerId", amount_minor as amount, outcome,
                    payment_id as "paymentId", reason, void_key as "voidKey",
                    voided_at is not null as voided,
                    created_at < now() - interval '20 hours' as old`,
      );
    },

    settle(ctx, orderId, answer) {
      const { outcome, paymentId, reason } = columnsOf(answer);
      return line(
        ctx,
        (sql) => sql`
          update ledger
          set outcome = case when outcome = 'asked' then ${outcome}::text else outcome end,
              payment_id = case when outcome = 'asked' then ${paymentId}::text else payment_id end,
              reason = case when outcome = 'asked' then ${reason}::text else reason end
          where order_id = ${orderId}::text
          returning kind, idempotency_key as "idempotencyKey", order_id as "orderId",
                    customer_id as "customerId", amount_minor as amount, outcome,
                    payment_id as "paymentId", reason, void_key as "voidKey",
                    voided_at is not null as voided,
                    created_at < now() - interval '20 hours' as old`,
      );
    },

    void(ctx, request, progress) {
      return upsert(
        ctx,
        (sql) => sql`
          insert into ledger as l
            (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason,
             void_key, voided_at)
          values
            (${request.idempotencyKey}::text, ${request.orderId}::text, '', 'tombstone',
             0, 'declined', '', ${VOIDED}::text,
             ${request.idempotencyKey}::text, case when ${progress}::text = 'done' then now() end)
          on conflict (order_id) do update
          set void_key = coalesce(l.void_key, excluded.void_key),
              voided_at = coalesce(l.voided_at, excluded.voided_at)
          returning kind, idempotency_key as "idempotencyKey", order_id as "orderId",
                    customer_id as "customerId", amount_minor as amount, outcome,
                    payment_id as "paymentId", reason, void_key as "voidKey",
                    voided_at is not null as voided,
                    created_at < now() - interval '20 hours' as old`,
      );
    },

    async balance(ctx, orderId) {
      const [sums] = await database.query<{ debits: string; voids: string }>(
        ctx,
        (sql) => sql`
          select coalesce(sum(amount_minor), 0)::text as debits,
                 coalesce(sum(amount_minor) filter (where voided_at is not null), 0)::text as voids
          from ledger
          where outcome = 'debited'
            and (${orderId ?? null}::text is null or order_id = ${orderId ?? null}::text)`,
      );
      const debits = BigInt(sums?.debits ?? 0);
      const voids = BigInt(sums?.voids ?? 0);
      return { debits, voids, net: debits - voids };
    },
  };
}

/**
 * The answer that `line` has for `debit`; undefined if it is not known yet. Throws
 * `already_exists` if the line belongs to another debit.
 */
export function answerIn(line: LedgerLine, debit: Debit): DebitAnswer | undefined {
  if (line.kind === 'tombstone') return { outcome: 'declined', reason: line.reason };
  if (line.idempotencyKey !== debit.idempotencyKey) {
    throw new CodedError(
      'already_exists',
      'order_debited_before',
      `Order ${debit.orderId} already has a debit under another idempotency key.`,
    );
  }
  if (line.customerId !== debit.customerId || line.amount !== String(debit.amount)) {
    throw keyReused();
  }
  switch (line.outcome) {
    case 'asked':
      return undefined;
    case 'debited':
      return { outcome: 'debited', paymentId: line.paymentId };
    case 'declined':
      return { outcome: 'declined', reason: line.reason };
  }
}

const UNIQUE_VIOLATION = '23505';

/** How often callers that begin the same line may collide: a call and its repeat, in two instances. */
const MEETINGS = 4;

/** How a line stores an answer. */
export function columnsOf(answer: DebitAnswer | 'asked') {
  if (answer === 'asked') return { outcome: 'asked', paymentId: '', reason: '' };
  return answer.outcome === 'debited'
    ? { outcome: 'debited', paymentId: answer.paymentId, reason: '' }
    : { outcome: 'declined', paymentId: '', reason: answer.reason };
}

const keyReused = (cause?: unknown) =>
  new CodedError(
    'already_exists',
    'idempotency_key_reused',
    'The idempotency key was already used for another request.',
    { cause },
  );
