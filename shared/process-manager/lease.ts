/** Whose turn it is, as a row in the service's own database, by the database's clock. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { background, withTimeLeft } from '../kit/context.ts';
import { codedError } from '../kit/errors.ts';
import type { Logger } from '../kit/logger.ts';
import type { Turn } from '../kit/process/turn.ts';
import type { Database } from '../kit/sql/database.ts';

export interface LeaseOptions {
  /** What is leased: the consumer's name. */
  readonly name: string;
  /** Without a sign of life of its holder for this long it goes to another, in milliseconds. */
  readonly leaseMs: number;
  readonly logger: Logger;
}

/** Signs of life, and tries of those who stand by, in each lease. */
const LOOKS = 4;

/**
 * A turn that lasts while its holder renews the lease in the table `leases`, as migrations/
 * creates it. A holder that cannot reach the database keeps its turn until it hears that another
 * has it: alone, it is the only one who can go on.
 */
export function sqlLease(database: Database, { name, leaseMs, logger }: LeaseOptions): Turn {
  const holder = randomUUID();
  const everyMs = leaseMs / LOOKS;
  let turn: AbortController | undefined;
  let renewing: NodeJS.Timeout | undefined;
  /** The last renewal, which may be under way. */
  let renewal: Promise<boolean> | undefined;
  let unknown: string | undefined = 'nobody knows yet whose turn it is';

  /** Takes or renews it; resolves with whether it is ours. Rejects with the database's error. */
  async function isOurs(): Promise<boolean> {
    const rows = await database.query<{ holder: string }>(
      withTimeLeft(background(), leaseMs),
      (sql) => sql`
        insert into leases (name, holder, until)
        values (${name}::text, ${holder}::text, now() + ${leaseMs}::int8 * interval '1 millisecond')
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.holder = excluded.holder or leases.until < now()
        returning holder`,
    );
    return rows.length > 0;
  }

  function keep(own: AbortController): void {
    renewing = setTimeout(async () => {
      renewal = isOurs().catch((error: unknown) => {
        logger.debug({ err: error }, 'the lease could not be renewed');
        return true;
      });
      const ours = await renewal;
      if (turn !== own) return;
      if (ours) return keep(own);
      turn = undefined;
      logger.warn({ name }, 'another instance has the turn');
      own.abort(new Error('Another instance has the turn.'));
    }, everyMs);
  }

  return {
    async take(signal) {
      while (turn === undefined) {
        signal.throwIfAborted();
        try {
          if (await isOurs()) {
            turn = new AbortController();
            keep(turn);
            logger.info({ name }, 'it is our turn');
          }
          unknown = undefined;
        } catch (error) {
          unknown = codedError(error).message;
        }
        if (turn === undefined) {
          await delay(everyMs * (0.75 + Math.random() / 2), undefined, { signal });
        }
      }
      return turn.signal;
    },

    async give() {
      clearTimeout(renewing);
      if (turn === undefined) return;
      turn = undefined;
      // Otherwise it might come last, and the others would wait.
      await renewal;
      try {
        await database.query(
          withTimeLeft(background(), leaseMs),
          (sql) => sql`
            delete from leases where name = ${name}::text and holder = ${holder}::text`,
        );
      } catch (error) {
        logger.debug({ err: error }, 'the lease could not be given up: it ends by itself');
      }
    },

    unknown: () => unknown,
  };
}
