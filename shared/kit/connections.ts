/**
 * The connections of one pool, each a client of its own. The client (postgres
 * 3.4.9) has a pool, too, and connects again when a connection is lost under a
 * statement. Neither is used; only one that was idle or grew old it makes new itself.
 *
 * - While some connections of its pool are idle, its list of them grows by one
 *   with each query and is searched from its beginning each time.
 * - What a lost connection was answering stays in it. The next statement is refused
 *   for the old one's end, and the answer to the one after that begins with as many
 *   holes as the old one had rows.
 */
import type postgres from 'postgres';
import type { Backend } from './answer.ts';
import { createSqlClient, type SqlClient } from './sql-client.ts';

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
  /** How long a connection may be idle before its next statement waits for a sign of life, in milliseconds; 5 s unless told. */
  readonly idleMs?: number;
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

/** One place for statements: a client, and after it was replaced another one. */
export interface Connection {
  /** Its client as of now. */
  readonly sql: Sql;
  /** The earliest time for the next statement, as `performance.now()` tells it; who takes it waits. */
  readonly notBefore: number;
  /**
   * Whether nothing is under way on it but for the statement that it was taken for, and its
   * server has been silent for so long, or is suspected: who takes it asks first whether it lives.
   */
  doubtful(): boolean;
  /** To be called when the server answered on it, with an ERROR too. */
  heard(): void;
}

/** Who takes a connection for a statement gives it back. */
export interface Connections {
  /**
   * The one that was used last, for its caches are the warmest. Throws when more are
   * taken than `poolSize` times `pipeline`: the caller keeps count.
   */
  take(): Connection;
  /** Once for each that was taken, replaced or not. */
  giveBack(connection: Connection): void;
  /**
   * Gives `sql`, the client of `connection` that a statement was sent by, up: what is on its way
   * over it is rejected, its socket is closed, and what `backend` runs is cancelled
   * where it is told. A new client may be used `afterMs` later, and is taken last. Of several statements on
   * their way the first call acts; false: this one did not.
   */
  replace(connection: Connection, sql: Sql, afterMs: number, backend?: Backend): boolean;
  /** Has each connection that was not heard from since `since` be asked whether it lives, before its next statement. */
  suspect(since: number): void;
  /** Waits for what is under way, so many seconds at most; what is under way after them is rejected. */
  end(timeout: number): Promise<void>;
}

/** How long a connection may be idle before its next statement waits for a sign of life, in milliseconds. */
const IDLE_MS = 5_000;

/** Makes them. The creator ends them. */
export function openConnections(options: ConnectionOptions): Connections {
  const all = Array.from({ length: options.poolSize }, () => open(options));
  /** Each as often as there is room for a statement on it. */
  const free = Array.from({ length: options.pipeline ?? 1 }, () => all).flat();
  let ended = false;
  return {
    take: () => {
      const connection = free.pop();
      if (connection === undefined) throw new Error('more statements are sent than there is room');
      connection.taken++;
      return connection;
    },
    giveBack: (connection) => {
      const ours = connection as Ours;
      ours.taken--;
      if (ours.notBefore > performance.now()) free.unshift(ours);
      else free.push(ours);
    },
    replace: (connection, sql, afterMs, backend) => {
      const ours = connection as Ours;
      if (ended || ours.sql !== sql) return false;
      ours.client.giveUp(backend);
      ours.client = createSqlClient(options);
      ours.notBefore = performance.now() + afterMs;
      ours.heardAt = Number.POSITIVE_INFINITY;
      free.sort((one, other) => Number(other === ours) - Number(one === ours));
      return true;
    },
    suspect: (since) => {
      for (const ours of all) {
        if (ours.heardAt < since) ours.heardAt = Number.NEGATIVE_INFINITY;
      }
    },
    end: async (timeout) => {
      ended = true;
      await Promise.all(all.map(({ client }) => client.end(timeout)));
    },
  };
}

/** A connection as it is seen here. */
interface Ours extends Connection {
  client: SqlClient;
  notBefore: number;
  /** As `performance.now()` tells it; infinity for one that never was connected, as that needs no proof. */
  heardAt: number;
  /** Statements that it is taken for. */
  taken: number;
}

function open(options: ConnectionOptions): Ours {
  const idleMs = options.idleMs ?? IDLE_MS;
  return {
    client: createSqlClient(options),
    notBefore: 0,
    heardAt: Number.POSITIVE_INFINITY,
    taken: 0,
    get sql() {
      return this.client.sql;
    },
    doubtful() {
      return this.taken === 1 && performance.now() - this.heardAt > idleMs;
    },
    heard() {
      this.heardAt = performance.now();
    },
  };
}
