import { setTimeout as delay } from 'node:timers/promises';
import { background, withSignal } from '../../../shared/kit/context.ts';
import { inOneLine } from '../../../shared/kit/in-one-line.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** Between attempts while the database is away, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Makes the head row of `stream`, which hands out its positions, if it does not exist:
 * the migrations make only the first stream's. Retries until stopped, and is not
 * ready until the row exists.
 */
export function logHead(database: Database, stream: string, logger: Logger): Component {
  const stopping = new AbortController();
  let problem: string | undefined = 'the head of the log is not there yet';
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    const ctx = withSignal(background(), stopping.signal);
    while (problem !== undefined && !stopping.signal.aborted) {
      try {
        await database.query(
          ctx,
          (sql) => sql`
            insert into log_head (stream, position) values (${stream}::text, 0)
            on conflict (stream) do nothing`,
        );
        problem = undefined;
      } catch (error) {
        problem = `the head of the log ${stream} could not be made: ${inOneLine(error)}`;
        logger.debug({ err: error, stream }, 'the head of the log could not be made');
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  return {
    name: 'log head',
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('The event store is stopping.'));
      await running;
    },
    notReady: () => problem,
  };
}
