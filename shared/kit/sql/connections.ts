/**
 * The connections of one pool, each a client of its own. The client (postgres 3.4.9) also
 * has a pool, and reconnects when a connection is lost during a statement. We use
 * neither; a client renews only a connection that was idle or grew old.
 *
 * - While connections of its pool are idle, each query adds one to its list of them,
 *   which is searched from the start each time.
 * - A lost connection keeps its unfinished answer. The next statement fails with the end
 *   of the old one, and the answer after that begins with as many holes as the old one
 *   had rows.
 */
import type { Backend } from './cancel-statement.ts';
import { type SqlAccess, sqlAccess } from './sql-access.ts';
import { type ConnectionOptions, createSqlClient, type Sql, type SqlClient } from './sql-client.ts';

export type { ConnectionOptions, Sql } from './sql-client.ts';

/** A place for statements: a client, later its replacement. */
export interface Connection {
  /** The current client. */
  readonly sql: Sql;
  /** The earliest time for the next statement, by `performance.now()`; the taker waits until then. */
  readonly notBefore: number;
  /**
   * Whether the connection was idle for long, or is suspect, and only one statement has
   * taken it: the taker first checks that it is alive.
   */
  doubtful(): boolean;
  /**
   * Whether it leads to a server while another was found to take writes since, and only one
   * statement has taken it: the taker first replaces it. A primary that was frozen, and goes
   * on, answers from what it knew then.
   */
  moved(): boolean;
  /** Call it when the server has answered on the connection, even with an ERROR. */
  heard(): void;
}

/** Lends connections to statements; each taker gives its connection back. */
export interface Connections {
  /**
   * The connection used last, because its caches are the warmest. Throws if more are
   * taken than `poolSize` times `pipeline`: the caller keeps count.
   */
  take(): Connection;
  /** Call it once for each connection taken, replaced or not. */
  giveBack(connection: Connection): void;
  /**
   * Gives up `sql`, the client of `connection` that sent a statement: its statements in
   * progress are rejected, its socket is closed, and the statement of `backend`, if
   * given, is cancelled. The new client can be used after `afterMs` and is taken last. If
   * several statements in progress call this, the first call acts; the others return
   * false.
   */
  replace(connection: Connection, sql: Sql, afterMs: number, backend?: Backend): boolean;
  /** Makes each connection not heard from since `since` prove that it is alive before its next statement. */
  suspect(since: number): void;
  /** Waits at most `timeout` seconds for statements in progress; then rejects the rest. */
  end(timeout: number): Promise<void>;
}

/** For how long an idle connection is trusted. */
const IDLE_MS = 5_000;

/** Opens the connections of a pool. The creator ends them. Throws as `sqlAccess` does. */
export function openConnections(options: ConnectionOptions): Connections {
  const access = sqlAccess(options.url);
  const all = Array.from({ length: options.poolSize }, () => open(options, access));
  /** Each connection appears once for each statement it has room for. */
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
      ours.client = createSqlClient(options, access);
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

/** A connection with its private state. */
interface Ours extends Connection {
  client: SqlClient;
  notBefore: number;
  /** By `performance.now()`; infinity if never connected, because such a connection needs no proof. */
  heardAt: number;
  /** How many statements have taken it. */
  taken: number;
}

function open(options: ConnectionOptions, access: SqlAccess): Ours {
  const idleMs = options.idleMs ?? IDLE_MS;
  return {
    client: createSqlClient(options, access),
    notBefore: 0,
    heardAt: Number.POSITIVE_INFINITY,
    taken: 0,
    get sql() {
      return this.client.sql;
    },
    doubtful() {
      return this.taken === 1 && performance.now() - this.heardAt > idleMs;
    },
    moved() {
      return this.taken === 1 && this.client.moved();
    },
    heard() {
      this.heardAt = performance.now();
    },
  };
}
