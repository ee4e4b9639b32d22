/** This project's event store in this process, put together as eventstoresvc does it. */
import { checkingService } from '../../../services/eventstoresvc/checking.ts';
import { createCheckpoints } from '../../../services/eventstoresvc/consumers/sql-checkpoints.ts';
import { createDeadLetters } from '../../../services/eventstoresvc/consumers/sql-letters.ts';
import { createGroupCommit } from '../../../services/eventstoresvc/log/group-commit.ts';
import { createLiveHead } from '../../../services/eventstoresvc/log/live-head.ts';
import { createLogCurrency } from '../../../services/eventstoresvc/log/log-currency.ts';
import { APPENDING } from '../../../services/eventstoresvc/log/sql-append.ts';
import { createEventLog } from '../../../services/eventstoresvc/log/sql-log.ts';
import { createTail } from '../../../services/eventstoresvc/log/tail.ts';
import { createReaders, createService } from '../../../services/eventstoresvc/service.ts';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { EventStore, NewEvent } from '../../../shared/eventstore/event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase } from '../../../shared/kit/sql/database.ts';
import { AGGREGATE_TYPE, type Step } from '../workload.ts';

/** With the one for appends as many as Emmett has. */
const POOL_SIZE = 9;

export interface OwnStore {
  readonly store: EventStore;
  close(): Promise<void>;
}

/** The store on a database that is migrated already. The caller closes it. */
export function openOwnStore(url: string): OwnStore {
  const logger = silentLogger;
  const options = { url, name: 'bench', queryTimeoutMs: 30_000, planOnce: true, logger };
  const database = createDatabase({ ...options, poolSize: POOL_SIZE });
  const appends = createDatabase({ ...options, ...APPENDING });
  const tail = createTail();
  const log = createEventLog(database, appends, ORDERS_STREAM, undefined, tail);
  const live = createLiveHead(log.head);
  const commits = createGroupCommit(log, logger, live.advanced);
  const service = createService(
    log,
    commits,
    createCheckpoints(database, ORDERS_STREAM),
    createDeadLetters(database, ORDERS_STREAM),
    () => 0n,
    live,
    // No stream is beside the log that it could be compared with.
    { admit: () => undefined, refuse: () => undefined },
    createLogCurrency(database, ORDERS_STREAM),
    createReaders(POOL_SIZE),
    tail,
  );
  const store = checkingService(service, { stream: ORDERS_STREAM, maxDataBytes: 512 * 1024 });
  return {
    store,
    close: async () => {
      await commits.drain();
      await live.stop?.();
      await Promise.all([database.stop(), appends.stop()]);
    },
  };
}

export const newEvent = (step: Step): NewEvent => ({
  eventId: step.eventId,
  eventType: step.eventType,
  aggregateId: step.aggregateId,
  aggregateType: AGGREGATE_TYPE,
  data: JSON.stringify(step.payload),
  metadata: step.metadata,
});

/** Makes the append of a step, in this process or across the network: the interface is the same. */
export function appendTo(store: EventStore): (step: Step) => Promise<unknown> {
  const ctx = background();
  return (step) =>
    store.append(ctx, { events: [newEvent(step)], expectedVersion: BigInt(step.expectedVersion) });
}
