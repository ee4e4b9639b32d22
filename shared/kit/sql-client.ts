/**
 * A client that has one connection, on a socket of ours: whoever gives the connection up
 * closes it at once. The client alone says goodbye and waits for the server to close, which one that is
 * silent never does.
 */
import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import postgres from 'postgres';
import type { Backend } from './answer.ts';
import { cancelStatement } from './cancel-statement.ts';
import type { ConnectionOptions, Sql } from './connections.ts';

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
    if (over) throw new Error('the connection was given up');
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
    // Whoever lost a connection waits here, not there; one that grew old is made new at once.
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
