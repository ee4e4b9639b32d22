/** The four books at their addresses. */
import { connect } from 'nats';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc-event-store.ts';
import { createDatabase } from '../../shared/kit/database.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { natsConnectionOptions } from '../../shared/kit/transport/nats.ts';
import {
  type AuditSources,
  auditedLedger,
  auditedReadModel,
  publishedMessages,
} from './sources.ts';

export interface AuditAddresses {
  readonly eventStore: string;
  readonly natsUrl: string;
  readonly ordersDatabaseUrl: string;
  readonly paymentsDatabaseUrl: string;
}

const CALL_MS = 10_000;

/**
 * What `work` comes to with the books at these addresses, whose connections are
 * closed afterwards. Rejects with `unavailable`, naming the one, where nobody
 * answers.
 */
export async function withSources<T>(
  addresses: AuditAddresses,
  work: (sources: AuditSources) => Promise<T>,
): Promise<T> {
  const { servers, ...options } = natsConnectionOptions(addresses.natsUrl, 'orders audit');
  const nats = await connect({ ...options, servers, reconnect: false }).catch((cause: unknown) => {
    const message = `No NATS server answers at ${servers.join(', ')}.`;
    throw new CodedError('unavailable', 'broker_unavailable', message, { cause });
  });
  const database = (url: string) =>
    createDatabase({
      url,
      name: 'orders audit',
      poolSize: 2,
      queryTimeoutMs: CALL_MS,
      logger: silentLogger,
    });
  const orders = database(addresses.ordersDatabaseUrl);
  const payments = database(addresses.paymentsDatabaseUrl);
  const log = createGrpcEventStore({
    address: addresses.eventStore,
    stream: ORDERS_STREAM,
    timeoutMs: CALL_MS,
    logger: silentLogger,
  });
  try {
    return await work({
      log,
      published: publishedMessages(nats, ORDERS_STREAM),
      readModel: auditedReadModel(orders),
      ledger: auditedLedger(payments),
    });
  } finally {
    await log.stop?.();
    await Promise.all([orders.stop(), payments.stop()]);
    await nats.close();
  }
}
