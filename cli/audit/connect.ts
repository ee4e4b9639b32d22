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
 * closed afterwards, whatever comes of it and of closing the others. Rejects with
 * `unavailable`, naming the one, where nobody answers.
 */
export async function withSources<T>(
  addresses: AuditAddresses,
  work: (sources: AuditSources) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<unknown> | undefined)[] = [];
  try {
    return await work(await open(addresses, closers));
  } finally {
    // One that cannot be closed takes nothing from what was found.
    await Promise.allSettled(closers.map(async (close) => close()));
  }
}

async function open(
  { eventStore, natsUrl, ordersDatabaseUrl, paymentsDatabaseUrl }: AuditAddresses,
  closers: (() => Promise<unknown> | undefined)[],
): Promise<AuditSources> {
  const { servers, ...options } = natsConnectionOptions(natsUrl, 'orders audit');
  const nats = await connect({ ...options, servers, reconnect: false }).catch((cause: unknown) => {
    const message = `No NATS server answers at ${servers.join(', ')}.`;
    throw new CodedError('unavailable', 'broker_unavailable', message, { cause });
  });
  closers.push(() => nats.close());
  const database = (url: string) => {
    const opened = createDatabase({
      url,
      name: 'orders audit',
      poolSize: 2,
      queryTimeoutMs: CALL_MS,
      logger: silentLogger,
    });
    closers.push(() => opened.stop());
    return opened;
  };
  const log = createGrpcEventStore({
    address: eventStore,
    stream: ORDERS_STREAM,
    timeoutMs: CALL_MS,
    logger: silentLogger,
  });
  closers.push(() => log.stop?.());
  return {
    log,
    published: publishedMessages(nats, ORDERS_STREAM),
    readModel: auditedReadModel(database(ordersDatabaseUrl)),
    ledger: auditedLedger(database(paymentsDatabaseUrl)),
  };
}
