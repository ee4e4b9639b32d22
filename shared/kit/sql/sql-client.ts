/**
 * A client with one connection, on our own socket, so that the pool can close the socket
 * at once. By itself the client says goodbye and waits for the server to close the
 * socket, which a silent server never does.
 */
import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import postgres from 'postgres';
import type { SqlHost } from '../process/address/sql-url.ts';
import { type Backend, cancelStatement } from './cancel-statement.ts';
import type { SqlAccess } from './sql-access.ts';
import type { SqlHosts } from './sql-hosts.ts';
import { sqlSearch } from './sql-search.ts';

/** The tag for one statement. Cast every placeholder; send arrays as `text[]` and cast inside. */
export type Sql = postgres.Sql<{ textArray: never }>;

export interface ConnectionOptions {
  /** Connection URL; may name several hosts, connection parameters after `?`, and a `passfile` (sql-access.ts). */
  readonly url: string;
  /** The server shows it for each connection. */
  readonly name: string;
  /** The most connections. */
  readonly poolSize: number;
  /**
   * Statements in progress on one connection: 1 or more, default 1. The server runs them
   * in order, each in its own transaction. A statement's deadline includes its wait
   * behind the others, and a lost connection leaves the outcomes of all of them unknown.
   */
  readonly pipeline?: number;
  /** Deadline of a query whose context has no nearer one, in milliseconds. */
  readonly queryTimeoutMs: number;
  /** A connection idle for longer must prove that it is alive before its next statement; in milliseconds, default 5 s. */
  readonly idleMs?: number;
  /** `serializable` is CockroachDB's default; tests ask PostgreSQL for it too. */
  readonly isolation?: 'read committed' | 'serializable';
  /**
   * Plan each statement once per connection, with indexes only, in their order. If an array of one
   * looks cheaper than a generic plan, PostgreSQL plans each time, which takes
   * longer than running it. Only for statements that have one good plan: a condition like `$1 is null or key = $1` would read the whole index.
   */
  readonly planOnce?: boolean;
}

/** One connection, connected on first use. */
export interface SqlClient {
  readonly sql: Sql;
  /** Whether it is connected to a server while another was found to take writes since. */
  moved(): boolean;
  /** Waits at most `timeout` seconds for statements in progress; then rejects the rest. */
  end(timeout: number): Promise<void>;
  /**
   * Rejects all statements in progress at once, and asks the server to cancel the one of
   * `backend`, if given.
   */
  giveUp(backend?: Backend): void;
}

type Address = TcpNetConnectOpts | IpcNetConnectOpts;

/** Where a connection leads. */
interface Way {
  /** The client's options for it; the client's types do not have them. */
  readonly options: object;
  /** Of the last socket. */
  readonly host: () => SqlHost;
  /** Where a statement of the last socket can be cancelled; undefined if none may be. */
  readonly cancelAt: () => Address | undefined;
  /** Whether the last socket leads to another host than the one that does now. */
  readonly moved: () => boolean;
  /** Makes no further socket. */
  readonly end: () => void;
  /** Closes the last socket. Before the client has ended, it would still write to it. */
  readonly close: () => void;
}

/** @param access what `sqlAccess` reads from the URL */
export function createSqlClient(options: ConnectionOptions, access: SqlAccess): SqlClient {
  const way =
    access.hosts === undefined ? wayToOne() : wayToRight(access.hosts, options.queryTimeoutMs);
  const sql = createClient(options, access, way);
  const end = async (timeout: number): Promise<void> => {
    await sql.end({ timeout }).catch(() => undefined);
    way.end();
    way.close();
  };
  return {
    sql,
    moved: way.moved,
    end,
    giveUp: (backend) => {
      const address = way.cancelAt();
      way.end();
      void end(0);
      if (backend !== undefined && address !== undefined) cancelStatement(address, backend);
    },
  };
}

/** To the host that the client reads from the URL, or from the environment. */
function wayToOne(): Way {
  let socket: Socket | undefined;
  let address: Address | undefined;
  let over = false;
  let at: SqlHost = { host: '', port: 0 };
  const open = ({ path, host: [host = ''], port: [port = 5432] }: Where): Socket => {
    if (over) throw new Error('the connection was closed');
    at = { host, port };
    address = path ? { path } : at;
    socket = connect(address);
    // The client tells the name to TLS, and the address to people.
    return Object.assign(path ? socket : socket.setNoDelay(true), path ? {} : at);
  };
  return {
    options: { socket: open },
    host: () => at,
    cancelAt: () => address,
    moved: () => false,
    end: () => {
      over = true;
    },
    close: () => void socket?.destroy(),
  };
}

/** To that of several hosts which does. */
function wayToRight(hosts: SqlHosts, timeoutMs: number): Way {
  const search = sqlSearch(hosts, timeoutMs);
  return { ...search, cancelAt: () => (hosts.writable ? undefined : search.host()) };
}

/** Where the client connects. */
interface Where {
  /** Path of a Unix socket; false if there is none. */
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

function createClient(options: ConnectionOptions, access: SqlAccess, way: Way): Sql {
  const { url, password, ssl, hosts } = access;
  const serverTimeout = options.queryTimeoutMs + 1_000;
  // The client has these options, but its types do not.
  const unlisted = { max_pipeline: options.pipeline ?? 1, ...way.options };
  return postgres(url, {
    ...unlisted,
    ...(password && { password: () => password(hosts && way.host()) }),
    ...(ssl && { ssl: ssl(() => way.host().host) }),
    max: 1,
    // The delay after a lost connection is ours, not the client's; an aged connection is
    // replaced at once.
    backoff: () => 0,
    // Among several hosts there may be a frozen one, and the right one.
    connect_timeout: hosts === undefined ? 5 : 2,
    keep_alive: 15,
    idle_timeout: 60,
    onnotice: () => undefined,
    // Otherwise the client queries the server's types on each new connection, and nobody
    // awaits that query: if its connection is lost, the process ends. We know the one
    // array type that is sent.
    fetch_types: false,
    types: { textArray },
    connection: {
      application_name: options.name,
      // Makes the server end a client that fell silent during a statement while holding a
      // lock; only this timeout was seen to do that.
      transaction_timeout: serverTimeout,
      ...(options.planOnce === true
        ? // A plan for all parameters, and not for the size that a table happened to have. By
          // an index in its order: a planner without statistics, as after a restore, expects a
          // handful of rows, and would gather and sort all of a log for each page of it.
          // CockroachDB ignores those it does not know.
          {
            plan_cache_mode: 'force_generic_plan',
            enable_seqscan: 'off',
            enable_bitmapscan: 'off',
          }
        : {}),
      ...(options.isolation === undefined
        ? {}
        : { default_transaction_isolation: options.isolation }),
    },
  });
}

const SPECIAL = /[\\"]/;

/** An element of an array. Most are ids and numbers, which need no look at each character. */
const quoted = (value: string): string =>
  SPECIAL.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${value}"`;

/** `text[]`, the only array that is sent; none is read. */
const textArray = {
  to: 1009,
  from: [],
  serialize: (values: readonly (string | null)[]): string => {
    return `{${values.map((value) => (value === null ? 'null' : quoted(value))).join(',')}}`;
  },
  parse: (text: string): string => text,
};
