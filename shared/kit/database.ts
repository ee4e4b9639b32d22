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
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import postgres from 'postgres';
import { background, type Context, remaining } from './context.ts';
import { CodedError } from './errors.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';

/** The tag for one statement. Cast every placeholder; send arrays as `text[]` and cast inside. */
export type Sql = postgres.Sql<{ textArray: never }>;

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
  /**
   * Plan each statement once a connection, and by indexes alone. Where an array
   * of one looks cheaper than a plan for all arrays, PostgreSQL plans anew each
   * time, which takes longer than to run it. Only for statements that have one
   * good plan: a condition like `$1 is null or key = $1` would read the whole index.
   */
  readonly planOnce?: boolean;
}

/** How often a statement that lost to another is repeated before the caller hears of it. */
const SERIALIZATION_ATTEMPTS = 10;

/** Queries that may wait for a connection, for each connection; beyond, they are refused. */
const QUEUE_PER_CONNECTION = 500;

/** How often a database that nobody asks is looked at, in milliseconds. */
const LOOK_EVERY_MS = 2_000;

/** Connects on first use, and again whenever a connection is lost. The creator stops it. */
export function createDatabase(options: DatabaseOptions): Database {
  let sql = connect(options);
  let replaced = 0;
  let problem: string | undefined = 'not asked yet';
  let lastAnswer = 0;
  let looking: NodeJS.Timeout | undefined;
  // Our own queue, so that a query's silence is counted from when it is sent:
  // load alone must not look like a connection that died.
  const turns = bulkhead(options.poolSize, options.poolSize * QUEUE_PER_CONNECTION);

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
    statement: Statement<Row>,
  ): Promise<readonly Row[]> {
    if (ctx.signal.aborted) throw cancelled();
    // A caller in a hurry gets its answer sooner, which says nothing against the connection.
    const patienceMs = Math.min(options.queryTimeoutMs, remaining(ctx, options.queryTimeoutMs));
    if (patienceMs === 0) throw overloaded();
    const used = sql;
    const running = statement(used);
    const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>();
    const silence = setTimeout(() => {
      problem = 'the database does not answer';
      if (used === sql) replacePool();
      reject(late(patienceMs));
    }, options.queryTimeoutMs);
    const giveUp =
      patienceMs < options.queryTimeoutMs
        ? setTimeout(() => reject(late(patienceMs)), patienceMs)
        : undefined;
    const answered = () => {
      clearTimeout(silence);
      clearTimeout(giveUp);
    };
    running.then(answered, answered);
    running.then(resolve, reject);
    try {
      const rows = await promise;
      problem = undefined;
      lastAnswer = Date.now();
      return rows;
    } catch (error) {
      const coded = asCoded(error);
      if (coded.code === 'database_unavailable') problem = coded.message;
      throw coded;
    }
  }

  async function query<Row extends object>(
    ctx: Context,
    statement: Statement<Row>,
  ): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await turns.execute(() => once<Row>(ctx, statement));
      } catch (error) {
        if (error instanceof BulkheadRejectedError) throw overloaded();
        if (!isSerializationFailure(error) || attempt === SERIALIZATION_ATTEMPTS) throw error;
        // Full jitter, so that those who collided do not collide again.
        await sleep(Math.random() * Math.min(100, 2 ** attempt));
      }
    }
  }

  async function look(): Promise<void> {
    if (Date.now() - lastAnswer < LOOK_EVERY_MS) return;
    await query(background(), (tag) => tag`select 1 as alive`).catch(() => undefined);
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
      await sql.end({ timeout: 5 });
    },
  };
}

/** `text[]`, the only array that is sent; none is read. */
const textArray = {
  to: 1009,
  from: [],
  serialize: (values: readonly (string | null)[]): string => {
    const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&')}"`;
    return `{${values.map((value) => (value === null ? 'null' : quoted(value))).join(',')}}`;
  },
  parse: (text: string): string => text,
};

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
    // The client would ask for the server's types on each new connection, in a
    // query that nobody waits for: lost with its connection, it ends the
    // process. The one array type that is sent is known.
    fetch_types: false,
    types: { textArray },
    connection: {
      application_name: options.name,
      // The server's own end to a client that fell silent in the middle of a
      // statement while holding a lock; only this one was seen to end it.
      transaction_timeout: serverTimeout,
      ...(options.planOnce === true
        ? // A plan for all parameters, and not for the size that a table happened to have.
          // CockroachDB passes over what it does not know of these.
          { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' }
        : {}),
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
 * (connection), 28 (login), 53 (resources), 57 (operator intervention), 58
 * (system), 25006 (a standby), 25P04 (transaction_timeout), 3D000 and 42P01 (not
 * bootstrapped yet), 40003 (completion unknown), XXC02 (licence throttle).
 */
const AWAY = /^(08|28|53|57|58)|^(25006|25P04|3D000|40003|42P01|XXC02)$/;

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

const overloaded = () =>
  new CodedError(
    'overloaded',
    'database_overloaded',
    'Too many queries wait for the database; this one was not sent.',
    { retryAfterMs: 1_000 },
  );

const cancelled = () =>
  new CodedError('cancelled', 'cancelled', 'The caller no longer waits for the answer.');
