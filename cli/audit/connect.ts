/** The books at their addresses. */
import { connect } from 'nats';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { CodedError, codedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { natsConnectionOptions } from '../../shared/kit/transport/nats/nats-connection.ts';
import type { ClientTls } from '../../shared/kit/transport/tls/channel-credentials.ts';
import { addressOf } from '../addresses.ts';
import { operatorTls } from '../event-store-tls.ts';
import { type CommonOptions, eventStoreAddress } from '../settings.ts';
import { auditedPlaces } from './places.ts';
import { publishedMessages } from './published.ts';
import type { AuditSources, Published } from './sources.ts';
import { auditedDeadlines, auditedLedger, auditedReadModel } from './tables.ts';

export interface AuditAddresses {
  readonly eventStore: string;
  /** How to show ourselves there; default: plainly. */
  readonly eventStoreTls?: ClientTls | undefined;
  readonly natsUrl: string;
  readonly ordersDatabaseUrl: string;
  readonly paymentsDatabaseUrl: string;
  readonly sagaDatabaseUrl: string;
}

/** The addresses of the books that an audit compares. Throws UsageError. */
export const bookAddresses = (options: CommonOptions): AuditAddresses => ({
  eventStore: eventStoreAddress(options),
  eventStoreTls: operatorTls(eventStoreAddress(options)),
  natsUrl: addressOf('NATS_URL'),
  ordersDatabaseUrl: addressOf('ORDERS_DATABASE_URL'),
  paymentsDatabaseUrl: addressOf('PAYMENTS_DATABASE_URL'),
  sagaDatabaseUrl: addressOf('SAGA_DATABASE_URL'),
});

/** The log, and the databases of what is derived from it, as a repair needs them. */
export interface AuditTools {
  readonly log: EventStore;
  readonly ordersDatabase: Database;
  readonly sagaDatabase: Database;
}

const CALL_MS = 10_000;

/**
 * The result of `work` with the books at these addresses. Their connections are always
 * closed afterwards. Reading a book that does not answer rejects with `unavailable`
 * and the book's name.
 */
export async function withSources<T>(
  addresses: AuditAddresses,
  work: (sources: AuditSources, tools: AuditTools) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<unknown> | undefined)[] = [];
  try {
    const { sources, tools } = await open(addresses, closers);
    return await work(sources, tools);
  } finally {
    // The findings count even if a connection cannot be closed.
    await Promise.allSettled(closers.map(async (close) => close()));
  }
}

async function open(
  addresses: AuditAddresses,
  closers: (() => Promise<unknown> | undefined)[],
): Promise<{ readonly sources: AuditSources; readonly tools: AuditTools }> {
  const database = (url: string) => {
    const opened = createDatabase({
      url,
      name: 'ordersctl audit',
      poolSize: 2,
      queryTimeoutMs: CALL_MS,
      logger: silentLogger,
    });
    closers.push(() => opened.stop());
    return opened;
  };
  const published = await openStream(addresses.natsUrl, closers);
  const store = createGrpcEventStore({
    address: addresses.eventStore,
    stream: ORDERS_STREAM,
    timeoutMs: CALL_MS,
    logger: silentLogger,
    tls: addresses.eventStoreTls,
  });
  closers.push(() => store.stop?.());
  const log = withAnyId(store);
  const ordersDatabase = database(addresses.ordersDatabaseUrl);
  const sagaDatabase = database(addresses.sagaDatabaseUrl);
  return {
    sources: {
      log,
      places: auditedPlaces(log),
      published,
      readModel: auditedReadModel(ordersDatabase),
      ledger: auditedLedger(database(addresses.paymentsDatabaseUrl)),
      deadlines: auditedDeadlines(sagaDatabase),
    },
    tools: { log, ordersDatabase, sagaDatabase },
  };
}

/**
 * `store`, in which an aggregate whose id no event can have is one without events: in a
 * damaged book any text may stand for an id, and the audit names it.
 */
const withAnyId = (store: EventStore): EventStore => ({
  ...store,
  readAggregate: async (ctx, aggregate) => {
    try {
      return await store.readAggregate(ctx, aggregate);
    } catch (error) {
      if (codedError(error).code === 'invalid_request') return [];
      throw error;
    }
  },
});

async function openStream(
  url: string,
  closers: (() => Promise<unknown> | undefined)[],
): Promise<Published> {
  const { servers, ...options } = natsConnectionOptions(url, 'ordersctl audit');
  try {
    const nats = await connect({ ...options, servers, reconnect: false });
    closers.push(() => nats.close());
    return publishedMessages(nats, ORDERS_STREAM);
  } catch (cause) {
    const message = `No NATS server answers at ${servers.join(', ')}.`;
    const away = new CodedError('unavailable', 'broker_unavailable', message, { cause });
    const refused = () => Promise.reject(away);
    return {
      last: refused,
      messages: () => ({ [Symbol.asyncIterator]: () => ({ next: refused }) }),
    };
  }
}
