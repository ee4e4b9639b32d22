/** The books in tables, read in pages by key. */
import { findLiveTable } from '../../services/querymodelworker/table/live-table.ts';
import { sqlReadModel } from '../../services/querymodelworker/table/read-model.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import type { AuditedLine } from './ledger-line.ts';
import type {
  AuditedDeadlines,
  AuditedLedger,
  AuditedReadModel,
  StoredDeadline,
} from './sources.ts';

const PAGE = 1_000;

/** The read model in ordersdb. */
export function auditedReadModel(database: Database): AuditedReadModel {
  const model = sqlReadModel(database);
  return {
    checkpoint: (ctx) => model.checkpoint(ctx),
    place: async (ctx) => {
      const live = await findLiveTable(database, ctx);
      return live && { position: live.position, eventId: '' };
    },
    row: async (ctx, orderId) => (await model.rows(ctx, [orderId])).rows.get(orderId),
    async *rows(ctx) {
      for (let after = ''; ; ) {
        const ids = await model.orderIds(ctx, after, PAGE);
        const last = ids.at(-1);
        if (last === undefined) return;
        after = last;
        yield* (await model.rows(ctx, ids)).rows.values();
      }
    },
    async *failures(ctx) {
      const side = (await findLiveTable(database, ctx))?.side ?? '';
      for (let after = -1n; ; ) {
        const rows = await database.query<FailureRow>(
          ctx,
          (sql) => sql`
            select position, event_id as "eventId", event_type as "eventType",
                   order_id as "orderId", reason
            from projection_failures
            where name = ${side}::text and position > ${String(after)}::int8
            order by position limit ${PAGE}::int8`,
        );
        const failures = rows.map((row) => ({ ...row, position: BigInt(row.position) }));
        const last = failures.at(-1);
        if (last === undefined) return;
        after = last.position;
        yield* failures;
      }
    },
  };
}

interface FailureRow {
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly orderId: string;
  readonly reason: string;
}

type LineRow = Omit<AuditedLine, 'amount'> & { readonly amount: string };

/** The ledger in paymentsdb. */
export function auditedLedger(database: Database): AuditedLedger {
  const page = async (ctx: Context, from: { after: string } | { only: string }) => {
    const rows = await database.query<LineRow>(ctx, (sql) => {
      const which =
        'only' in from ? sql`order_id = ${from.only}::text` : sql`order_id > ${from.after}::text`;
      return sql<LineRow[]>`
        select order_id as "orderId", idempotency_key as "idempotencyKey",
               customer_id as "customerId", kind, outcome, amount_minor as amount,
               payment_id as "paymentId", void_key as "voidKey", voided_at is not null as voided
        from ledger
        where ${which}
        order by order_id limit ${PAGE}::int8`;
    });
    return rows.map((row): AuditedLine => ({ ...row, amount: BigInt(row.amount) }));
  };
  return {
    line: async (ctx, orderId) => (await page(ctx, { only: orderId }))[0],
    async *lines(ctx) {
      for (let after = ''; ; ) {
        const lines = await page(ctx, { after });
        const last = lines.at(-1);
        if (last === undefined) return;
        after = last.orderId;
        yield* lines;
      }
    },
  };
}

/** As the `postgres` client gives it: int8 as text. */
type DeadlineRow = Omit<StoredDeadline, 'position'> & { readonly position: string };

/** The coordinator's deadlines in sagadb. */
export function auditedDeadlines(database: Database): AuditedDeadlines {
  const page = async (
    ctx: Context,
    from: { after: StoredDeadline | undefined } | { of: string },
  ) => {
    const rows = await database.query<DeadlineRow>(ctx, (sql) => {
      const which =
        'of' in from
          ? sql`order_id = ${from.of}::text`
          : sql`(order_id, kind) > (${from.after?.orderId ?? ''}::text, ${from.after?.kind ?? ''}::text)`;
      return sql<DeadlineRow[]>`
        select order_id as "orderId", kind, due_at as "dueAt", position,
               ceiling_at as "ceilingAt", caused_by as "causedBy", attempts::int4 as "attempts"
        from deadlines
        where ${which}
        order by order_id, kind limit ${PAGE}::int8`;
    });
    return rows.map((row): StoredDeadline => ({ ...row, position: BigInt(row.position) }));
  };
  return {
    of: (ctx, orderId) => page(ctx, { of: orderId }),
    async *rows(ctx) {
      for (let after: StoredDeadline | undefined; ; ) {
        const rows = await page(ctx, { after });
        after = rows.at(-1);
        if (after === undefined) return;
        yield* rows;
      }
    },
  };
}
