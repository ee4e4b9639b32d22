import { join } from 'node:path';
import { testPostgres } from '../../stack/testing.ts';
import { silentLogger } from '../kit/logger.ts';
import { createDatabase, type Database } from '../kit/sql/database.ts';
import { migrate } from '../kit/sql/migrations.ts';
import { personalDataContract } from './personal-data-contract.ts';
import { sqlKeyTable } from './sql-key-table.ts';

// A client's own default isolation, and the one that CockroachDB has.
for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`personal data over PostgreSQL, ${isolation}`, () => {
    let database: Database | undefined;
    after(() => database?.stop());

    personalDataContract(async () => {
      const url = await (await testPostgres()).createDatabase();
      const folder = join(import.meta.dirname, 'migrations');
      await migrate({ url, folder, logger: silentLogger });
      database = createDatabase({
        url,
        name: 'personal data',
        poolSize: 8,
        queryTimeoutMs: 5_000,
        logger: silentLogger,
        isolation,
      });
      return sqlKeyTable(database);
    });
  });
}
