/**
 * One way to talk to PostgreSQL and CockroachDB. Each rule below was paid for
 * by a reproduced failure; docs/adr/0005-sql-client-rules.md tells them.
 *
 * - One statement is one transaction: there is no `begin`. After its backend is
 *   killed, a client that holds a transaction can commit a stray statement
 *   inside somebody else's.
 * - One statement at a time over a connection, unless asked for otherwise: a lost
 *   connection leaves one outcome unknown, not many.
 * - A deadline for each query. When it passes, its connection is replaced: one
 *   that went silent must not be handed to the next caller.
 * - An answer is whole or an error; a connection whose rows were ended by an error is
 *   replaced, too (statements.ts tells all the reasons).
 * - A statement the server rolled back for serialization (40001) is repeated
 *   here; nothing of it happened, so repeating is always safe.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import { background, type Context, remaining } from '../context.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Statement } from './answer.ts';
import type { Sql } from './connections.ts';
import {
  asCoded,
  cancelled,
  isSerializationFailure,
  late,
  overloaded,
  sqlState,
} from './database-errors.ts';
import { createStatements, type StatementsOptions } from './statements.ts';

export type { Statement } from './answer.ts';
export { sqlState } from './database-errors.ts';

export interface Database extends Component {
  /**
   * Runs one statement and resolves with its rows. Rejects with CodedError:
   * `unavailable` and `timeout` leave the outcome of a write unknown; a broken
   * constraint or a faulty statement is `internal`, its SQLSTATE to be had from
   * `sqlState`. `overloaded` was not sent at all.
   */
  query<Row extends object>(ctx: Context, statement: Statement<Row>): Promise<readonly Row[]>;
  /** Why the database cannot be used, as of the last query or the last look. */
  notReady(): string | undefined;
  stop(): Promise<void>;
}

/**
 * A statement that runs a thousand times a second: its text is put together once, here,
 * and not at each call. Placeholders are `$1`, `$2` and so on, each cast in the text.
 */
export const prepared =
  <Row extends object>(text: string) =>
  (...parameters: readonly string[]): Statement<Row> =>
  (sql) =>
    sql.unsafe<Row[]>(text, [...parameters], { prepare: true });

export type DatabaseOptions = StatementsOptions;

/** How often a statement that lost to another is repeated before the caller hears of it. */
const SERIALIZATION_ATTEMPTS = 10;

/** Queries that may wait for a connection, for each connection; beyond, they are refused. */
const QUEUE_PER_CONNECTION = 500;

/** Of what a timer can wait; with more it would not wait at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How often a database that nobody asks is looked at, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/** Connects on first use, and again whenever a connection is lost. The creator stops it. */
export function createDatabase(options: DatabaseOptions): Database {
  let problem: string | undefined = 'not checked yet';
  /** When the database answered last, as `performance.now()` tells it. */
  let lastAnswer = Number.NEGATIVE_INFINITY;
  let looking: NodeJS.Timeout | undefined;
  let asking = false;
  const statements = createStatements(options, (sentAt) =>
    failed(sentAt, 'the database does not answer'),
  );
  // Our own queue, so that a query's silence is counted from when it is sent:
  // load alone must not look like a connection that died.
  const turns = bulkhead(
    options.poolSize * (options.pipeline ?? 1),
    options.poolSize * QUEUE_PER_CONNECTION,
  );

  function answered(): void {
    problem = undefined;
    lastAnswer = performance.now();
  }

  /** Says that the database is away, unless it answered something since `sentAt`: then one connection is. */
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
    // Which says nothing against the connection.
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
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(ctx, statement);
      } catch (error) {
        if (!isSerializationFailure(error) || attempt === SERIALIZATION_ATTEMPTS) throw error;
        // Full jitter, so that those who collided do not collide again.
        await sleep(Math.random() * Math.min(100, 2 ** attempt));
      }
    }
  }

  /** One at a time: while the database is silent they would fill the queue. */
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
      await statements.end(5);
    },
  };
}
