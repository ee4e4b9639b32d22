/** The four books, as an audit reads them: in pages, in bounded memory, changing nothing. */
import { AckPolicy, DeliverPolicy, type NatsConnection, nanos } from 'nats';
import type { OrderRow } from '../../services/querymodelworker/order-row.ts';
import { sqlReadModel } from '../../services/querymodelworker/read-model.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { streamState } from '../../shared/kit/transport/jetstream-stream.ts';
import type { AuditedLine } from './ledger-line.ts';

/** What is compared. Whoever gives them closes them. */
export interface AuditSources {
  readonly log: Pick<EventStore, 'head' | 'stream' | 'readAggregate'>;
  readonly published: Published;
  readonly readModel: AuditedReadModel;
  readonly ledger: AuditedLedger;
}

/** A message of the stream, as far as it is compared. */
export interface PublishedMessage {
  readonly sequence: bigint;
  readonly subject: string;
  readonly eventId: string;
  readonly data: string;
}

/** The copy of the log in JetStream. */
export interface Published {
  /** Sequence of the last message; 0n also where there is no stream. */
  last(): Promise<bigint>;
  /** The messages up to `last`, those that there are. Rejects with `unavailable` when none come for a while. */
  messages(last: bigint): AsyncIterable<PublishedMessage>;
}

export interface AuditedReadModel {
  checkpoint(ctx: Context): Promise<bigint>;
  row(ctx: Context, orderId: string): Promise<OrderRow | undefined>;
  /** All rows, by order id. */
  rows(ctx: Context): AsyncIterable<OrderRow>;
}

export interface AuditedLedger {
  line(ctx: Context, orderId: string): Promise<AuditedLine | undefined>;
  /** All lines, by order id. */
  lines(ctx: Context): AsyncIterable<AuditedLine>;
}

const PAGE = 1_000;
const FETCH_MS = 10_000;
/** A reader that was killed leaves its consumer for so long. */
const INACTIVE_MS = 30_000;

/** The stream `name` over `connection`. Leaves no consumer behind. */
export function publishedMessages(connection: NatsConnection, name: string): Published {
  return {
    last: async () => (await streamState(connection, name))?.last ?? 0n,

    async *messages(last) {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const { name: consumerName } = await manager.consumers.add(name, {
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.None,
        inactive_threshold: nanos(INACTIVE_MS),
        mem_storage: true,
        num_replicas: 1,
      });
      try {
        const consumer = await connection.jetstream().consumers.get(name, consumerName);
        for (let at = 0n; at < last; ) {
          const before = at;
          let pending = 1;
          const batch = await consumer.fetch({ max_messages: PAGE, expires: FETCH_MS });
          for await (const message of batch) {
            at = BigInt(message.seq);
            pending = message.info.pending;
            yield {
              sequence: at,
              subject: message.subject,
              eventId: message.headers?.get('Nats-Msg-Id') ?? '',
              data: message.string(),
            };
            // Without this it would wait for messages that need not come.
            if (at >= last || pending === 0) break;
          }
          if (pending === 0) return;
          if (at === before) {
            throw new CodedError(
              'unavailable',
              'broker_unavailable',
              `The stream ${name} gave no message after ${at}, of ${last}.`,
            );
          }
        }
      } finally {
        await manager.consumers.delete(name, consumerName).catch(() => undefined);
      }
    },
  };
}

/** The read model in ordersdb. */
export function auditedReadModel(database: Database): AuditedReadModel {
  const model = sqlReadModel(database);
  return {
    checkpoint: (ctx) => model.checkpoint(ctx),
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
  };
}

/** The ledger in paymentsdb. */
export function auditedLedger(database: Database): AuditedLedger {
  const page = async (ctx: Context, from: { after: string } | { only: string }) => {
    const after = 'after' in from ? from.after : null;
    const only = 'only' in from ? from.only : null;
    const rows = await database.query<Omit<AuditedLine, 'amount'> & { amount: string }>(
      ctx,
      (sql) => sql`
        select order_id as "orderId", customer_id as "customerId", kind, outcome,
               amount_minor as amount, voided_at is not null as voided
        from ledger
        where order_id > coalesce(${after}::text, '')
          and (${only}::text is null or order_id = ${only}::text)
        order by order_id limit ${PAGE}::int8`,
    );
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
