/**
 * A client with one connection, on our own socket, so that the pool can close the socket
 * at once. The client itself says goodbye and waits for the server to close it, which a
 * silent server never does.
 */
import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import postgres from 'postgres';
import { type Backend, cancelStatement } from './cancel-statement.ts';

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
  /** Idle for longer, a connection is asked for a sign of life before its next statement; in milliseconds, default 5 s. */
  readonly idleMs?: number;
  /** `serializable` is CockroachDB's default; tests ask PostgreSQL for it too. */
  readonly isolation?: 'read committed' | 'serializable';
  /**
   * Plan each statement once per connection, with indexes only. If an array of one
   * looks cheaper than a generic plan, PostgreSQL plans each time, which takes
   * longer than running it. Only for statements that have one good plan: a condition like `$1 is null or key = $1` would read the whole index.
   */
  readonly planOnce?: boolean;
}

/** One connection, connected on first use. */
export interface SqlClient {
  readonly sql: Sql;
  /** Waits for what is under way, so many seconds at most; what is under way after them is rejected. */
  end(timeout: number): Promise<void>;
  /** Rejects what is under way, now; `backend`, where it is told, is asked to end it at the server, too. */
  giveUp(backend?: Backend): void;
}

type Address = TcpNetConnectOpts | IpcNetConnectOpts;

export function createSqlClient(options: ConnectionOptions): SqlClient {
  let socket: Socket | undefined;
  let address: Address | undefined;
  let over = false;
  let attempts = 0;

  /** Where the client connects to; of several hosts each in its turn. */
  function open({ path, host, port }: Where): Socket {
    if (over) throw new Error('the connection was closed');
    const turn = attempts++ % host.length;
    const tcp = { host: host[turn] ?? '', port: port[turn] ?? 5432 };
    address = path ? { path } : tcp;
    socket = connect(address);
    // The client tells the name to TLS, and the address to people.
    return Object.assign(path ? socket : socket.setNoDelay(true), path ? {} : tcp);
  }

  const sql = createClient(options, open);
  const end = async (timeout: number): Promise<void> => {
    await sql.end({ timeout }).catch(() => undefined);
    over = true;
    socket?.destroy();
  };
  return {
    sql,
    end,
    giveUp: (backend) => {
      over = true;
      void end(0);
      if (backend !== undefined && address !== undefined) cancelStatement(address, backend);
    },
  };
}

/** What the client knows of where to connect to. */
interface Where {
  /** Of a socket of the system's own; false where there is none. */
  readonly path: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

function createClient(options: ConnectionOptions, socket: (where: Where) => Socket): Sql {
  const serverTimeout = options.queryTimeoutMs + 1_000;
  // Known to the client, but not to its types.
  const unlisted = { max_pipeline: options.pipeline ?? 1, socket };
  return postgres(options.url, {
    ...unlisted,
    max: 1,
    // After a lost connection the delay is here, not in the client; an aged one is replaced at once.
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
