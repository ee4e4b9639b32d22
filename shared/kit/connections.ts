/**
 * The connections of one pool, each a client of its own. The client (postgres
 * 3.4.9) has a pool, too, and connects anew when a connection is lost under a
 * statement. Neither is used; only one that was idle or grew old it makes anew itself.
 *
 * - While some connections of its pool are idle, its list of them grows by one
 *   with each query and is searched from its beginning each time.
 * - What a lost connection was answering stays in it. The next statement is refused
 *   for the old one's end, and the answer to the one after that begins with as many
 *   holes as the old one had rows.
 */
import postgres from 'postgres';

/** The tag for one statement. Cast every placeholder; send arrays as `text[]` and cast inside. */
export type Sql = postgres.Sql<{ textArray: never }>;

export interface ConnectionOptions {
  /** Connection URL; may name connection parameters after `?`. */
  readonly url: string;
  /** Shown by the server beside each connection. */
  readonly name: string;
  /** Connections, at most. */
  readonly poolSize: number;
  /**
   * Statements on their way over one connection, one behind another: 1 or more, default
   * 1. The server runs them in their order, each a transaction of its own. A statement's
   * deadline includes its wait behind the one before it, and a connection that is lost
   * leaves the outcome of so many unknown.
   */
  readonly pipeline?: number;
  /** Deadline of a query whose context has none nearer, in milliseconds. */
  readonly queryTimeoutMs: number;
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

/** One connection, connected on first use. */
export interface Connection {
  /** Its client; after it was lost a new one. */
  readonly sql: Sql;
  /** The earliest time for the next statement, as `performance.now()` tells it; who takes it waits. */
  readonly notBefore: number;
}

/** Who takes a connection for a statement gives it back, or says that it was lost. */
export interface Connections {
  /**
   * The one that was used last, for its caches are the warmest. Throws when more are
   * taken than `poolSize` times `pipeline`: the caller keeps count.
   */
  take(): Connection;
  /** Once for each that was taken, where the connection goes on. */
  giveBack(connection: Connection): void;
  /**
   * Instead of `giveBack`; `sql` is the client that the statement was sent by. It is
   * thrown away with all that was on its way over it; a new one may be used after 200 to
   * 300 ms, and is taken last. Of several statements on their way the first call acts.
   */
  lost(connection: Connection, sql: Sql): void;
  /** Waits for what is under way, so many seconds at most; what is under way after them is rejected. */
  end(timeout: number): Promise<void>;
}

/** Makes them. The creator ends them. */
export function openConnections(options: ConnectionOptions): Connections {
  const all = Array.from({ length: options.poolSize }, () => ({
    sql: connectOne(options),
    notBefore: 0,
  }));
  /** Each as often as there is room for a statement on it. */
  const free = Array.from({ length: options.pipeline ?? 1 }, () => all).flat();
  let ended = false;
  return {
    take: () => {
      const connection = free.pop();
      if (connection === undefined) throw new Error('more statements are sent than there is room');
      return connection;
    },
    giveBack: (connection) => void free.push(connection),
    lost: (connection, sql) => {
      free.push(connection);
      // The lost one last, with all the room on it.
      free.sort((one, other) => Number(other === connection) - Number(one === connection));
      // Of several statements that were on their way over it the first one says so.
      if (ended || connection.sql !== sql) return;
      void sql.end({ timeout: 0 }).catch(() => undefined);
      Object.assign(connection, {
        sql: connectOne(options),
        notBefore: performance.now() + reconnectDelayMs(),
      });
    },
    end: async (timeout) => {
      ended = true;
      await Promise.all(all.map(({ sql }) => sql.end({ timeout })));
    },
  };
}

/** Constant and short: the pool must be back as soon as the server is. */
const reconnectDelayMs = () => 200 + Math.random() * 100;

function connectOne(options: ConnectionOptions): Sql {
  const serverTimeout = options.queryTimeoutMs + 1_000;
  // Known to the client, but not to its types.
  const pipelining = { max_pipeline: options.pipeline ?? 1 };
  return postgres(options.url, {
    ...pipelining,
    max: 1,
    // Whoever lost a connection waits here, not there; one that grew old is made anew at once.
    backoff: () => 0,
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
