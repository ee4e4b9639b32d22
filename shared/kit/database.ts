/**
 * One way to talk to PostgreSQL and CockroachDB. Each rule below was paid for
 * by a reproduced failure; docs/adr/0005-sql-client-rules.md tells them.
 *
 * - One statement is one transaction: there is no `begin`. After its backend is
 *   killed, a client that holds a transaction can commit a stray statement
 *   inside somebody else's.
 * - `max_pipeline: 1`: a lost connection leaves one outcome unknown, not many.
 * - A deadline for each query. When it passes, the whole pool is replaced: a
 *   connection that went silent must not be handed to the next caller.
 * - A statement the server rolled back for serialization (40001) is repeated
 *   here; nothing of it happened, so repeating is always safe.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { type Context, remaining } from './context.ts';
import { CodedError } from './errors.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';

/** The tag for one statement. Cast every placeholder; send arrays as `text[]` and cast inside. */
export type Sql = postgres.Sql<Record<string, never>>;

export interface Database extends Component {
  /**
   * Runs one statement and resolves with its rows. Rejects with CodedError:
   * `unavailable` and `timeout` leave the outcome of a write unknown; a broken
   * constraint or a faulty statement is `internal`, its SQLSTATE to be had from
   * `sqlState`.
   */
  query<Row extends object>(
    ctx: Context,
    statement: (sql: Sql) => PromiseLike<readonly Row[]> & { cancel(): void },
  ): Promise<readonly Row[]>;
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  /** Connection URL; may name connection parameters after `?`. */
  readonly url: string;
  /** Shown by the server beside each connection. */
  readonly name: string;
  /** Connections, at most. */
  readonly poolSize: number;
  /** Deadline of a query whose context has none nearer, in milliseconds. */
  readonly queryTimeoutMs: number;
  readonly logger: Logger;
  /** `serializable` is CockroachDB's default; tests ask PostgreSQL for it too. */
  readonly isolation?: 'read committed' | 'serializable';
}

/** How often a statement that lost to another is repeated before the caller hears of it. */
const SERIALIZATION_ATTEMPTS = 10;

/** Connects on first use, and again whenever a connection is lost. The creator stops it. */
export function createDatabase(options: DatabaseOptions): Database {
  let sql = connect(options);
  let replaced = 0;

  function replacePool(): void {
    const old = sql;
    sql = connect(options);
    replaced++;
    options.logger.warn(
      { database: options.name, replaced },
      'a query passed its deadline: the connection pool is replaced',
    );
    // In the background: what hangs there must not hold up who comes next.
    void old.end({ timeout: 1 }).catch(() => undefined);
  }

  async function once<Row extends object>(
    ctx: Context,
    statement: Parameters<typeof query<Row>>[1],
  ): Promise<readonly Row[]> {
    if (ctx.signal.aborted) throw cancelled();
    const used = sql;
    const running = statement(used);
    // A caller in a hurry gets its answer sooner, which says nothing against the connection.
    const patienceMs = Math.min(options.queryTimeoutMs, remaining(ctx, options.queryTimeoutMs));
    let giveUp: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      giveUp = setTimeout(() => reject(late(patienceMs)), patienceMs);
    });
    const silence = setTimeout(() => {
      if (used === sql) replacePool();
    }, options.queryTimeoutMs);
    const answered = () => clearTimeout(silence);
    running.then(answered, answered);
    try {
      return await Promise.race([running, deadline]);
    } catch (error) {
      throw asCoded(error);
    } finally {
      clearTimeout(giveUp);
    }
  }

  async function query<Row extends object>(
    ctx: Context,
    statement: (sql: Sql) => PromiseLike<readonly Row[]> & { cancel(): void },
  ): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once<Row>(ctx, statement);
      } catch (error) {
        if (!isSerializationFailure(error) || attempt === SERIALIZATION_ATTEMPTS) throw error;
        // Full jitter, so that those who collided do not collide again.
        await sleep(Math.random() * Math.min(100, 2 ** attempt));
      }
    }
  }

  return {
    name: `database ${options.name}`,
    query,
    start: async () => {
      // Not being there yet is no reason to fail: readiness tells, queries retry.
    },
    stop: () => sql.end({ timeout: 5 }),
  };
}

function connect(options: DatabaseOptions): Sql {
  const serverTimeout = options.queryTimeoutMs + 1_000;
  // Known to the client, but not to its types.
  const onePerConnection = { max_pipeline: 1 };
  return postgres(options.url, {
    ...onePerConnection,
    max: options.poolSize,
    // Constant and short: the pool must be back as soon as the server is.
    backoff: () => 0.2 + Math.random() * 0.1,
    connect_timeout: 5,
    keep_alive: 15,
    idle_timeout: 60,
    onnotice: () => undefined,
    connection: {
      application_name: options.name,
      // The server's own end to a client that fell silent in the middle of a
      // statement while holding a lock; only this one was seen to end it.
      transaction_timeout: serverTimeout,
      ...(options.isolation === undefined
        ? {}
        : { default_transaction_isolation: options.isolation }),
    },
  });
}

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
 * (connection), 53 (resources), 57 (operator intervention), 58 (system), 25P04
 * (transaction_timeout), 40003 (completion unknown), XXC02 (licence throttle).
 */
const AWAY = /^(08|53|57|58)|^(25P04|40003|XXC02)$/;

/** Codes that `postgres` gives its own errors, and the system's for a lost or refused connection. */
const CONNECTION =
  /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;

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

const cancelled = () =>
  new CodedError('cancelled', 'cancelled', 'The caller no longer waits for the answer.');
