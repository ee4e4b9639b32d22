import { fileURLToPath } from 'node:url';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createDatabase, type Database } from '../../shared/kit/database.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { migrate } from '../../shared/kit/migrations.ts';
import { eventStoreContract } from '../../shared/testing/event-store-contract.ts';
import { testPostgres } from '../../stack/testing.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createGroupCommit } from './group-commit.ts';
import { createEventLog } from './log.ts';
import { createService } from './service.ts';

const folder = fileURLToPath(new URL('migrations', import.meta.url));

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`the event store on SQL, ${isolation}`, () => {
    const databases: Database[] = [];
    const stores: EventStore[] = [];

    before(async () => {
      const url = await (await testPostgres()).createDatabase();
      await migrate({ url, folder, logger: silentLogger });
      // Two processes on one log: every second call goes to the other.
      for (const name of ['one', 'two']) {
        const database = createDatabase({
          url,
          name,
          poolSize: 4,
          queryTimeoutMs: 5_000,
          logger: silentLogger,
          isolation,
        });
        const log = createEventLog(database, 'ORDERS');
        databases.push(database);
        stores.push(
          createService(
            log,
            createGroupCommit(log, silentLogger, () => undefined),
            createCheckpoints(database),
            createDeadLetters(database),
            // As if all were published.
            () => 1_000_000n,
            { stream: 'ORDERS', maxDataBytes: 100_000 },
          ),
        );
      }
    });

    after(() => Promise.all(databases.map((database) => database.stop())));

    let turn = 0;
    eventStoreContract(() => stores[turn++ % stores.length] as EventStore);
  });
}
