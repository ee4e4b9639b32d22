/**
 * One way to talk to PostgreSQL and CockroachDB. Each rule below was paid for
 * by a reproduced failure; docs/adr/0005-sql-client-rules.md tells them.
 *
 * - One statement is one transaction: there is no `begin`. After its backend is
 *   killed, a client that holds a transaction can commit a stray statement
 *   inside somebody else's.
 * - One statement at a time over a connection, unless asked for otherwise: a lost
 *   connection leaves one outcome unknown, not many.
 * - A deadline for each query. When it passes, the whole pool is replaced: a
 *   connection that went silent must not be handed to the next caller.
 * - A statement the server rolled back for serialization (40001) is repeated
 *   here; nothing of it happened, so repeating is always safe.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import postgres from 'postgres';
import { type ConnectionOptions, openConnections, type Sql } from './connections.ts';
import { background, type Context, remaining } from './context.ts';
import { CodedError } from './errors.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';

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

/** Begins one statement when it is called. */
export type Statement<Row> = (sql: Sql) => PromiseLike<readonly Row[]>;

/**
 * A statement that runs a thousand times a second: its text is put together once, here,
 * and not at each call. Placeholders are `$1`, `$2` and so on, each cast in the text.
 */
export const prepared =
  <Row extends object>(text: string) =>
  (...parameters: readonly string[]): Statement<Row> =>
  (sql) =>
    sql.unsafe<Row[]>(text, [...parameters], { prepare: true });

export interface DatabaseOptions extends ConnectionOptions {
  readonly logger: Logger;
}

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
  let connections = openConnections(options);
  let replaced = 0;
  let problem: string | undefined = 'not asked yet';
  let lastAnswer = 0;
  let looking: NodeJS.Timeout | undefined;
  let asking = false;
  let stopped = false;
  // Our own queue, so that a query's silence is counted from when it is sent:
  // load alone must not look like a connection that died.
  const turns = bulkhead(
    options.poolSize * (options.pipeline ?? 1),
    options.poolSize * QUEUE_PER_CONNECTION,
  );

  function replacePool(): void {
    const old = connections;
    connections = openConnections(options);
    replaced++;
    options.logger.warn(
      { database: options.name, replaced },
      'a query passed its deadline: the connection pool is replaced',
    );
    // In the background: what hangs there must not hold up who comes next.
    void old.end(1).catch(() => undefined);
  }

  async function once<Row extends object>(
    ctx: Context,
    statement: Statement<Row>,
  ): Promise<readonly Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
    const patienceMs = Math.min(remaining(ctx, LONGEST_TIMER_MS), LONGEST_TIMER_MS);
    let sent = false;
    let outOfPatience = patienceMs === 0;
    // Which says nothing against the connection.
    const giveUp =
      ctx.deadline === undefined
        ? undefined
        : setTimeout(() => {
            outOfPatience = true;
            reject(sent ? late(patienceMs) : overloaded());
          }, patienceMs);
    const begin = (sql: Sql) => {
      if (ctx.signal.aborted) throw cancelled();
      if (outOfPatience) throw overloaded();
      sent = true;
      return statement(sql);
    };
    turns
      .execute(() => send(begin, resolve, reject))
      .catch((error) => {
        reject(error instanceof BulkheadRejectedError ? overloaded() : error);
      });
    try {
      const rows = await promise;
      problem = undefined;
      lastAnswer = Date.now();
      return rows;
    } catch (error) {
      const coded = asCoded(error);
      if (coded.code === 'database_unavailable') problem = coded.message;
      throw coded;
    } finally {
      clearTimeout(giveUp);
    }
  }

  /** Begins a statement; resolves when its connection is free again, or given up. Rejects where `begin` throws. */
  async function send<Row extends object>(
    begin: Statement<Row>,
    resolve: (rows: readonly Row[]) => void,
    reject: (reason: unknown) => void,
  ): Promise<void> {
    const used = connections;
    const connection = used.take();
    const waitMs = connection.notBefore - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (used !== connections) return send(begin, resolve, reject);
    const { sql } = connection;
    let running: PromiseLike<readonly Row[]>;
    try {
      running = begin(sql);
    } catch (error) {
      used.giveBack(connection);
      throw error;
    }
    const { promise, resolve: over } = Promise.withResolvers<void>();
    const silence = setTimeout(() => {
      problem = 'the database does not answer';
      if (used === connections && !stopped) replacePool();
      reject(late(options.queryTimeoutMs));
      over();
    }, options.queryTimeoutMs);
    running.then(
      (rows) => {
        clearTimeout(silence);
        used.giveBack(connection);
        resolve(rows);
        over();
      },
      (error) => {
        clearTimeout(silence);
        if (endsConnection(error)) used.lost(connection, sql);
        else used.giveBack(connection);
        reject(error);
        over();
      },
    );
    return promise;
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
    if (asking || Date.now() - lastAnswer < LOOK_EVERY_MS) return;
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
      stopped = true;
      await connections.end(5);
    },
  };
}

/** After an ERROR of the server its connection goes on, whatever the error's class; after all else it is not to be trusted. */
const endsConnection = (error: unknown): boolean =>
  !(
    error instanceof postgres.PostgresError &&
    // CockroachDB tells it in one field only.
    (error.severity ?? error.severity_local) === 'ERROR'
  );

/** The SQLSTATE in `error` or its causes; undefined where it did not come from the server. */
export function sqlState(error: unknown): string | undefined {
  for (
    let link = error, depth = 0;
    link instanceof Error && depth < 8;
    link = link.cause, depth++
  ) {
    if (link instanceof postgres.PostgresError) return link.code;
  }
  return undefined;
}

/** 40001 and the deadlock 40P01: the statement was undone as a whole. */
const isSerializationFailure = (error: unknown): boolean =>
  ['40001', '40P01'].includes(sqlState(error) ?? '');

/**
 * SQLSTATEs after which the database is away or the outcome unknown: classes 08
 * (connection), 28 (login), 53 (resources), 57 (operator intervention), 58
 * (system), 25006 (a standby), 25P04 (transaction_timeout), 3D000 and 42P01 (not
 * bootstrapped yet), 40003 (completion unknown), XXC02 (licence throttle).
 */
const AWAY = /^(08|28|53|57|58)|^(25006|25P04|3D000|40003|42P01|XXC02)$/;

/** Codes that `postgres` gives its own errors, the system's (ECONNRESET, EMFILE), and those of TLS and of the login. */
const CONNECTION = /^(CONNECTION_|CONNECT_TIMEOUT|E(?!RR_)[A-Z_]+$|ERR_SSL|ERR_TLS|SASL_)|CERT/;

function asCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  const state = sqlState(error);
  const away =
    state !== undefined ? AWAY.test(state) : typeof code === 'string' && CONNECTION.test(code);
  if (away) {
    return new CodedError('unavailable', 'database_unavailable', 'The database is not available.', {
      cause: error,
    });
  }
  if (state === '40001' || state === '40P01') {
    return new CodedError('unavailable', 'database_contended', 'The database is too contended.', {
      cause: error,
    });
  }
  return new CodedError('internal', 'database_error', 'The database refused a statement.', {
    cause: error,
  });
}

const late = (ms: number) =>
  new CodedError('timeout', 'database_timeout', `The database did not answer in ${ms} ms.`);

const overloaded = () =>
  new CodedError(
    'overloaded',
    'database_overloaded',
    'Too many queries wait for the database; this one was not sent.',
    { retryAfterMs: 1_000 },
  );

const cancelled = () =>
  new CodedError('cancelled', 'cancelled', 'The caller no longer waits for the answer.');
