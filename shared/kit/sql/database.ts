/**
 * One way to talk to PostgreSQL and CockroachDB. Each rule below prevents a failure that
 * was reproduced; see docs/adr/0005-sql-client-rules.md.
 *
 * - One statement is one transaction: there is no `begin`. After its backend is killed, a
 *   client that holds a transaction can commit a stray statement inside somebody else's.
 * - By default one statement at a time per connection: a lost connection leaves one
 *   outcome unknown, not many.
 * - A deadline for each query. When it passes, its connection is replaced: the next
 *   caller must not get a silent one.
 * - An answer is complete or an error; a connection whose rows ended in an error is
 *   replaced too (statements.ts lists all reasons).
 * - A statement that the server rolled back for serialization (40001) is repeated here;
 *   it had no effect, so repeating is always safe.
 * - A login with a wrong password is tried again for a moment, because the server and the
 *   passfile cannot change at the same instant.
 * - A statement that a server refused because it takes no writes is repeated at the next one;
 *   so is one that no server let in where one that takes writes is looked for, until its time is over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import { background, type Context, remaining } from '../context.ts';
import { frameMetrics } from '../metrics/frame-metrics.ts';
import { noMeter } from '../metrics/meter.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Statement } from './answer.ts';
import type { Sql } from './connections.ts';
import {
  asCoded,
  cancelled,
  isRefused,
  isSerializationFailure,
  isUnsent,
  late,
  overloaded,
  sqlState,
} from './database-errors.ts';
import { sqlAccess } from './sql-access.ts';
import { createStatements, type StatementsOptions } from './statements.ts';

export type { Statement } from './answer.ts';
export { sqlState } from './database-errors.ts';

export interface Database extends Component {
  /**
   * Runs one statement and resolves with its rows. Rejects with CodedError: `unavailable`
   * and `timeout` leave the outcome of a write unknown; a violated constraint or an
   * invalid statement is `internal`, and `sqlState` tells its SQLSTATE. On `overloaded`
   * nothing was sent.
   */
  query<Row extends object>(ctx: Context, statement: Statement<Row>): Promise<readonly Row[]>;
  /** Why the database cannot be used, as of the last query or check; undefined if it can. */
  notReady(): string | undefined;
  stop(): Promise<void>;
}

/**
 * A statement that runs a thousand times a second: its text is built once, here, and not
 * at each call. Placeholders are `$1`, `$2` and so on, each cast in the text.
 */
export const prepared =
  <Row extends object>(text: string) =>
  (...parameters: readonly string[]): Statement<Row> =>
  (sql) =>
    sql.unsafe<Row[]>(text, [...parameters], { prepare: true });

export type DatabaseOptions = StatementsOptions;

/** How often a statement that lost to another is repeated before the caller gets the error. */
const SERIALIZATION_ATTEMPTS = 10;

/** How long a refused statement is tried again: meanwhile somebody may be changing the password, or the server. */
const REFUSED_PATIENCE_MS = 2_000;

/** How many queries may wait, per connection; more are refused. */
const QUEUE_PER_CONNECTION = 500;

/** The longest that a timer can wait; with more it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How often an idle database is checked, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/** Connects on first use, and again whenever a connection is lost. The creator stops it. */
export function createDatabase(options: DatabaseOptions): Database {
  let problem: string | undefined = 'not checked yet';
  /** When the database last answered, by `performance.now()`. */
  let lastAnswer = Number.NEGATIVE_INFINITY;
  let looking: NodeJS.Timeout | undefined;
  /** Whether another server may take a statement that one did not let in; behind one address, too. */
  const searched = sqlAccess(options.url).hosts !== undefined;
  let asking = false;
  const statements = createStatements(options, (sentAt) =>
    failed(sentAt, 'the database does not answer'),
  );
  // Our own queue, so that a query's silence counts from when it is sent: load alone must
  // not look like a dead connection.
  const most = options.poolSize * (options.pipeline ?? 1);
  const mostWaiting = options.poolSize * QUEUE_PER_CONNECTION;
  const turns = bulkhead(most, mostWaiting);
  const { meter = noMeter } = options;
  const pool = { 'db.client.connection.pool.name': options.name.replaceAll(' ', '_') };
  const unobserve = [
    meter.observe(frameMetrics.databaseWaiting, (tell) =>
      tell(mostWaiting - turns.queueSlots, pool),
    ),
    meter.observe(frameMetrics.databaseUsed, (tell) => tell(most - turns.executionSlots, pool)),
    meter.observe(frameMetrics.databaseMost, (tell) => tell(most, pool)),
  ];

  function answered(): void {
    problem = undefined;
    lastAnswer = performance.now();
  }

  /** Reports the database as unavailable, unless it has answered since `sentAt`: then only one connection is. */
  function failed(sentAt: number, why: string): void {
    if (lastAnswer < sentAt) problem = why;
  }

  async function once<Row extends object>(
    ctx: Context,
    statement: Statement<Row>,
  ): Promise<readonly Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
    const patienceMs = Math.min(remaining(ctx, LONGEST_TIMER_MS), LONGEST_TIMER_MS);
    let sentAt: number | undefined;
    let outOfPatience = patienceMs === 0;
    // The caller's deadline alone says nothing against the connection.
    const giveUp =
      ctx.deadline === undefined
        ? undefined
        : setTimeout(() => {
            outOfPatience = true;
            reject(sentAt === undefined ? overloaded() : late(patienceMs));
          }, patienceMs);
    const begin = (sql: Sql) => {
      if (ctx.signal.aborted) throw cancelled();
      if (outOfPatience) throw overloaded();
      sentAt = performance.now();
      return statement(sql);
    };
    turns
      .execute(() => statements.send(begin, resolve, reject))
      .catch((error) => {
        reject(error instanceof BulkheadRejectedError ? overloaded() : error);
      });
    try {
      const rows = await promise;
      answered();
      return rows;
    } catch (error) {
      const coded = asCoded(error);
      if (coded.code === 'database_unavailable') failed(sentAt ?? lastAnswer, coded.message);
      else if (sqlState(error) !== undefined) answered();
      throw coded;
    } finally {
      clearTimeout(giveUp);
    }
  }

  async function query<Row extends object>(
    ctx: Context,
    statement: Statement<Row>,
  ): Promise<readonly Row[]> {
    const began = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(ctx, statement);
      } catch (error) {
        // Its connection is replaced, and waits before it logs in again.
        const spentMs = performance.now() - began;
        if (isRefused(error) && spentMs < REFUSED_PATIENCE_MS) continue;
        if (searched && isUnsent(error) && spentMs < options.queryTimeoutMs) continue;
        if (!isSerializationFailure(error) || attempt === SERIALIZATION_ATTEMPTS) throw error;
        // Full jitter, so that statements that collided do not collide again.
        await sleep(Math.random() * Math.min(100, 2 ** attempt));
      }
    }
  }

  /** One check at a time: while the database is silent, more would fill the queue. */
  async function look(): Promise<void> {
    if (asking || performance.now() - lastAnswer < LOOK_EVERY_MS) return;
    asking = true;
    await query(background(), (tag) => tag`select 1 as alive`).catch(() => undefined);
    asking = false;
  }

  return {
    name: `database ${options.name}`,
    query,
    notReady: () => problem,
    // A database that is not there yet makes the process not ready; it does not keep it from starting.
    start: async () => {
      looking = setInterval(() => void look(), LOOK_EVERY_MS / 4);
      void look();
    },
    stop: async () => {
      clearInterval(looking);
      for (const end of unobserve) end();
      await statements.end(5);
    },
  };
}
