/** A stack of a test's own, and whatever its books can be looked at with. */
import { connect, type NatsConnection } from 'nats';
import type postgres from 'postgres';
import { audit } from '../../cli/audit/audit.ts';
import { auditedPlaces } from '../../cli/audit/places.ts';
import { publishedMessages } from '../../cli/audit/published.ts';
import type { AuditReport } from '../../cli/audit/report.ts';
import type { AuditSources } from '../../cli/audit/sources.ts';
import { auditedDeadlines, auditedLedger, auditedReadModel } from '../../cli/audit/tables.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase } from '../../shared/kit/sql/database.ts';
import { openSql } from '../../shared/kit/sql/sql-access.ts';
import { natsConnectionOptions } from '../../shared/kit/transport/nats/nats-connection.ts';
import { natsLoginAs } from '../credentials/nats-logins.ts';
import { asOwner } from '../credentials/sql-logins.ts';
import { TESTER, testerRights } from '../credentials/testing/tester.ts';
import { type Stack, type StackOptions, startStack } from '../stack.ts';
import { testFolder } from '../testing.ts';

export interface OrderStack extends Stack {
  /** Of ordersvc. */
  readonly httpUrl: string;
  readonly store: EventStore & Component;
  readonly nats: NatsConnection;
  /** The books, and what an audit says of them. */
  readonly books: AuditSources;
  readonly audit: () => Promise<AuditReport>;
  readonly ordersdb: postgres.Sql;
  readonly paymentsdb: postgres.Sql;
  readonly sagadb: postgres.Sql;
}

/** As the stack's coordinator has it. */
const patienceOf = ({ environment = {} }: Omit<StackOptions, 'dataDir'>) => ({
  paymentMs: Number(environment.sagacoordinator?.PAYMENT_DEADLINE_MS ?? 60_000),
  reviewMs: Number(environment.sagacoordinator?.REVIEW_DEADLINE_MS ?? 60_000),
  voidMs: Number(environment.sagacoordinator?.VOID_RETRY_MS ?? 300_000),
  ceilingMs: Number(environment.sagacoordinator?.DEADLINE_CEILING_MS ?? 3_600_000),
  graceMs: 30_000,
});

/**
 * Starts a stack, in a folder of its own unless told which, that is not durable unless told
 * so, and that refuses no orders because others are late unless JOURNEY_GOAL_MS says so.
 * Stopping it closes what it was looked at with, too.
 */
export async function startOrderStack(
  options: Omit<StackOptions, 'dataDir'> & Partial<Pick<StackOptions, 'dataDir'>> = {},
): Promise<OrderStack> {
  // Most tests count on each of their orders being accepted, in a rush or while a part stands still.
  const ordersvc = { JOURNEY_GOAL_MS: '0', ...options.environment?.ordersvc };
  const stack = await startStack({
    dataDir: await testFolder(),
    durable: false,
    ...options,
    rights: { ...testerRights, ...options.rights },
    environment: { ...options.environment, ordersvc },
  });
  const { addresses, httpUrl } = stack;
  if (httpUrl === undefined) throw new Error('ordersvc is not among the services.');
  const store = createGrpcEventStore({
    address: addresses.EVENTSTORE_ADDRESS,
    stream: ORDERS_STREAM,
    timeoutMs: 10_000,
    logger: silentLogger,
    tls: stack.eventStoreTls(TESTER),
  });
  // As the owner of the tables: tests damage them.
  const sql = (url: string) => openSql(asOwner(url), { max: 2, onnotice: () => {} });
  const ordersdb = sql(addresses.ORDERS_DATABASE_URL);
  const paymentsdb = sql(addresses.PAYMENTS_DATABASE_URL);
  const sagadb = sql(addresses.SAGA_DATABASE_URL);
  const nats = await connect({
    // As who fills the stream: tests damage it.
    ...natsConnectionOptions(natsLoginAs(addresses.NATS_URL, 'eventstoresvc'), 'test'),
    reconnectDelayHandler: () => 100,
  }).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  const database = (url: string) =>
    createDatabase({
      url,
      name: 'audit',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
  const readModel = database(addresses.ORDERS_DATABASE_URL);
  const ledger = database(addresses.PAYMENTS_DATABASE_URL);
  const deadlines = database(addresses.SAGA_DATABASE_URL);
  const books: AuditSources = {
    log: store,
    places: auditedPlaces(store),
    published: publishedMessages(nats, ORDERS_STREAM),
    readModel: auditedReadModel(readModel),
    ledger: auditedLedger(ledger),
    deadlines: auditedDeadlines(deadlines),
  };
  return {
    ...stack,
    httpUrl,
    store,
    nats,
    books,
    audit: () =>
      audit(background(), books, {
        codec: orderEventCodec(2),
        patience: patienceOf(options),
      }),
    ordersdb,
    paymentsdb,
    sagadb,
    stop: async () => {
      await Promise.all([
        ...[ordersdb, paymentsdb, sagadb].map((one) => one.end({ timeout: 5 })),
        readModel.stop(),
        ledger.stop(),
        deadlines.stop(),
      ]);
      await nats.close();
      await store.stop?.();
      await stack.stop();
    },
  };
}
