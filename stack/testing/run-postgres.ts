/**
 * For mocha's `--require`, in runs of several processes: one PostgreSQL for all
 * of them. mocha calls both functions in the process that began the run.
 */
import { natsBinary } from '../nats.ts';
import { RUN_POSTGRES, startTestPostgres } from '../testing.ts';

let postgres: Awaited<ReturnType<typeof startTestPostgres>> | undefined;

export async function mochaGlobalSetup(): Promise<void> {
  // In a new clone it is built first, which takes longer than a test waits for its servers.
  // Where it cannot be built, the tests that need it say so.
  await natsBinary().catch(() => {});
  if (process.env.TEST_DATABASE_URL) return;
  postgres = await startTestPostgres();
  process.env[RUN_POSTGRES] = postgres.url;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await postgres?.stop();
}
