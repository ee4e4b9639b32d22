/** A stack with an order of each kind, whose books can be damaged, audited and repaired. */
import type postgres from 'postgres';
import { audit } from '../../cli/audit/audit.ts';
import { repairHands } from '../../cli/audit/hands.ts';
import { timesOf } from '../../cli/audit/order-trail.ts';
import { type Repaired, repairAll } from '../../cli/audit/repair.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import { resetStream } from '../../cli/stream/stream-reset.ts';
import { followedTypes } from '../../services/sagacoordinator/saga/followed-types.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { encodeMessage, type Message } from '../../shared/eventstore/message.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase } from '../../shared/kit/sql/database.ts';
import { openSql } from '../../shared/kit/sql/sql-access.ts';
import { remakeStream } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { asOwner } from '../credentials/sql-logins.ts';
import { orderHands } from './order-hands.ts';
import { type OrderStack, startOrderStack } from './order-stack.ts';

export type Kind =
  | 'approved'
  | 'declined'
  | 'rejected'
  | 'cancelled'
  | 'tombstone'
  | 'paid'
  | 'pending';

type Databases = 'eventsdb' | 'ordersdb' | 'paymentsdb' | 'sagadb';

export interface DamagedStack extends Omit<OrderStack, 'audit'> {
  readonly eventsdb: postgres.Sql;
  /** As its coordinator has them. */
  readonly deadlines: Readonly<Record<string, string>>;
  /** An order of each kind, by id. */
  readonly orders: Readonly<Record<Kind, string>>;
  readonly audit: (graceMs?: number) => Promise<AuditReport>;
  /** Does all that `report` would have done; rejects where something fails. */
  readonly repair: (report: AuditReport) => Promise<readonly Repaired[]>;
  /** Puts the rows of these tables back as they were when the stack had started. */
  readonly restore: (database: Databases, ...tables: string[]) => Promise<void>;
  /** The stream as `changed` has each message, in the place of the one that there was. */
  readonly republish: (
    changed: (message: Message, event: RecordedEvent) => Message,
  ) => Promise<void>;
  /** The stream as the log has it. */
  readonly resetStream: () => Promise<void>;
}

const ctx = background();
const codec = orderEventCodec(2);
/** Nothing comes due while the books are looked at. */
const DEADLINE_MS = 600_000;
/** The coordinator's defaults but for that. */
const patience = {
  paymentMs: DEADLINE_MS,
  reviewMs: DEADLINE_MS,
  voidMs: 300_000,
  ceilingMs: 3_600_000,
};
const deadlines = {
  PAYMENT_DEADLINE_MS: String(DEADLINE_MS),
  REVIEW_DEADLINE_MS: String(DEADLINE_MS),
};
const kept: Readonly<Record<Databases, readonly string[]>> = {
  eventsdb: ['events', 'log_head', 'checkpoints', 'dead_letters'],
  ordersdb: ['orders', 'projection_checkpoint', 'projection_failures'],
  paymentsdb: ['ledger'],
  sagadb: ['deadlines'],
};

export async function startDamagedStack(): Promise<DamagedStack> {
  const stack = await startOrderStack({
    zipkin: false,
    environment: {
      // What is not answered once is not asked for again while the books are looked at.
      paymentworker: { RETRY_DELAYS_MS: String(DEADLINE_MS), MAX_DELIVER: '1000' },
      sagacoordinator: deadlines,
    },
  });
  const { addresses } = stack;
  const logUrl = asOwner(addresses.EVENTSTORE_DATABASE_URL);
  const eventsdb = openSql(logUrl, { max: 2, onnotice: () => {} });
  const tools = {
    ordersDatabase: database(addresses.ORDERS_DATABASE_URL),
    sagaDatabase: database(addresses.SAGA_DATABASE_URL),
  };
  const sql = (of: Databases) => (of === 'eventsdb' ? eventsdb : stack[of]);
  const orders = await placeAll(stack);
  await copiesAreThere(stack);
  for (const [of, tables] of Object.entries(kept) as [Databases, readonly string[]][]) {
    await sql(of)`create schema kept`;
    for (const table of tables) {
      await sql(of)`create table kept.${sql(of)(table)} as table ${sql(of)(table)}`;
    }
  }

  const hands = repairHands({
    ...tools,
    log: stack.store,
    resetStream: () => resetStream(addresses.NATS_URL),
    codec,
    times: timesOf({ ...patience, graceMs: 0 }),
  });

  return {
    ...stack,
    eventsdb,
    deadlines,
    orders,
    audit: (graceMs = 30_000) =>
      audit(ctx, stack.books, {
        codec,
        patience: { ...patience, graceMs },
      }),

    async repair(report) {
      const repaired = await repairAll(ctx, report, hands);
      const failed = repaired.filter((one) => one.failed);
      if (failed.length > 0) throw new Error(failed.map(({ outcome }) => outcome).join('\n'));
      return repaired;
    },

    async restore(of, ...tables) {
      await sql(of).begin(async (tx) => {
        for (const table of tables) {
          await tx`delete from ${tx(table)}`;
          await tx`insert into ${tx(table)} select * from kept.${tx(table)}`;
        }
      });
    },

    async republish(changed) {
      const events: RecordedEvent[] = [];
      for await (const event of await stack.store.stream(ctx, {})) events.push(event);
      // Its relay would fill the stream before we do.
      stack.kill('eventstoresvc', 'SIGSTOP');
      try {
        const options = { name: ORDERS_STREAM, subjects: [`${ORDERS_STREAM}.*`], replicas: 1 };
        await remakeStream(stack.nats, options);
        for (const event of events) {
          const { subject, headers, payload } = changed(encodeMessage(event), event);
          await stack.nats.jetstream().publish(subject, payload, { headers });
        }
      } finally {
        stack.kill('eventstoresvc', 'SIGCONT');
      }
      await eventually('the event store answers', () => stack.store.head(ctx).then(() => true));
    },

    async resetStream() {
      await resetStream(addresses.NATS_URL);
      await copiesAreThere(stack);
    },

    stop: async () => {
      await eventsdb.end({ timeout: 5 });
      await Promise.all(Object.values(tools).map((one) => one.stop()));
      await stack.stop();
    },
  };
}

async function placeAll(stack: OrderStack): Promise<Record<Kind, string>> {
  const { place, decide, untilItIs } = orderHands(stack);
  const orders = {
    approved: await place({}),
    declined: await place({ customer: 'demo-declined' }),
    rejected: await place({ restaurant: 'demo-closed' }),
    cancelled: await place({ restaurant: 'demo-manual' }),
    paid: await place({ restaurant: 'demo-manual' }),
    tombstone: await place({ customer: 'demo-unpaid' }),
    pending: await place({ customer: 'demo-unpaid' }),
  };
  await untilItIs(orders.cancelled, 'Paid', 'debited');
  await decide(orders.cancelled, 'cancel');
  await decide(orders.tombstone, 'cancel');
  await untilItIs(orders.approved, 'Approved', 'debited');
  await untilItIs(orders.declined, 'PaymentFailed', 'failed');
  await untilItIs(orders.rejected, 'Rejected', 'voided');
  await untilItIs(orders.cancelled, 'Cancelled', 'voided');
  await untilItIs(orders.tombstone, 'Cancelled', 'voided');
  await untilItIs(orders.paid, 'Paid', 'debited');
  return orders;
}

/** Nothing more comes of the orders: what is then kept stays as it is. */
async function copiesAreThere({ store, books }: OrderStack): Promise<void> {
  await eventually(
    'the copies are at the head of the log, and so is the coordinator',
    async () => {
      const head = await store.head(ctx);
      const afterPosition = await books.places.doneBy(ctx, durables.saga);
      const { events } = await store.read(ctx, {
        eventTypes: followedTypes,
        afterPosition,
        limit: 1,
      });
      return (
        events.length === 0 &&
        (await books.published.last()) === head &&
        (await books.readModel.checkpoint(ctx)) === head
      );
    },
    30_000,
  );
}

const database = (url: string) =>
  createDatabase({
    url,
    name: 'repair',
    poolSize: 2,
    queryTimeoutMs: 5_000,
    logger: silentLogger,
  });
