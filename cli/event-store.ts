import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import type { EventStore } from '../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc/grpc-event-store.ts';
import { CodedError, codedError } from '../shared/kit/errors.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { operatorTls } from './event-store-tls.ts';

const TIMEOUT_MS = 5_000;

/**
 * The result of `work` with the event store at `address`, whose connection is closed
 * afterwards. Rejects with `unavailable` and the address if nothing answers there.
 */
export async function withEventStore<T>(
  address: string,
  work: (store: EventStore) => Promise<T>,
): Promise<T> {
  const store = createGrpcEventStore({
    address,
    stream: ORDERS_STREAM,
    timeoutMs: TIMEOUT_MS,
    logger: silentLogger,
    tls: operatorTls(address),
  });
  try {
    return await work(store);
  } catch (error) {
    // Errors of the event store itself, or of the caller's databases, have their own codes.
    if (!['unavailable', 'deadline_exceeded'].includes(codedError(error).code)) throw error;
    const message = `No event store answers at ${address} → run make start, or name another address with --eventstore`;
    throw new CodedError('unavailable', 'event_store_away', message, { cause: error });
  } finally {
    await store.stop?.();
  }
}
