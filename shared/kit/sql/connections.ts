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
import type { Backend } from './cancel-statement.ts';
import { type ConnectionOptions, createSqlClient, type Sql, type SqlClient } from './sql-client.ts';

export type { ConnectionOptions, Sql } from './sql-client.ts';

/** One place for statements: a client, and after it was replaced another one. */
export interface Connection {
  /** Its client as of now. */
  readonly sql: Sql;
  /** The earliest time for the next statement, as `performance.now()` tells it; who takes it waits. */
  readonly notBefore: number;
  /**
   * Whether it was idle for long, or is suspected, and is taken for one statement alone:
   * who takes it asks first whether it lives.
   */
  doubtful(): boolean;
  /** To be called when the server answered on it, also with an ERROR. */
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
   * Gives up `sql`, the client of `connection` that a statement was sent by: what is on
   * its way over it is rejected, its socket is closed, and what `backend` runs, where it
   * is told, is cancelled. A new client may be used `afterMs` later, and is taken last.
   * Of several statements on their way the first call acts; false: this one did not.
   */
  replace(connection: Connection, sql: Sql, afterMs: number, backend?: Backend): boolean;
  /** Has each connection that was not heard from since `since` asked for a sign of life before its next statement. */
  suspect(since: number): void;
  /** Waits for what is under way, so many seconds at most; what is under way after them is rejected. */
  end(timeout: number): Promise<void>;
}

/** For how long an idle connection is trusted. */
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
      if (connection === undefined)
        throw new Error('more statements are sent than the queue has room for');
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
