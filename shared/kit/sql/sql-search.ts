/**
 * Sockets to the host of a database that takes writes, for the client (postgres 3.4.9). Of
 * several hosts it tries each, but without a pause, without an end, and with
 * `target_session_attrs=read-write` it takes a hot standby for one that can write: so it is
 * told that there are several, looks for `primary`, and is given the socket to the next one.
 */
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlHost } from '../process/address/sql-url.ts';
import type { SqlHosts } from './sql-hosts.ts';

/** The code of the error when no host lets us in, or all are standbys; nothing was sent then. */
export const NOWHERE = 'CONNECTION_NOWHERE';

/** For a host of which not even the system answers, in milliseconds. */
const CONNECT_MS = 1_500;

/** The most for one search, without its last try; a statement may begin another. */
const SEARCH_MS = 5_000;

/** Between two rounds, so that servers without a primary are not kept busy by logins. */
const roundMs = () => 200 + Math.random() * 100;

/** The search of one connection. */
export interface SqlSearch {
  /** The client's options for it; it passes these options to `socket` again. */
  readonly options: {
    readonly target_session_attrs?: 'primary';
    readonly host: string[];
    readonly port: number[];
    readonly socket: (client: ClientOptions) => Promise<Socket>;
    readonly onparameter: (name: string, value: string) => void;
  };
  /** The host that the last socket leads to. */
  host(): SqlHost;
  /** Whether the socket leads to a server while another was found to take writes since. */
  moved(): boolean;
  /** Looks no further: what the last socket leads to is silent, or lost. */
  end(): void;
  /** Closes the last socket. */
  close(): void;
}

interface ClientOptions {
  readonly host: string[];
  /** What servers said of themselves; only changes are told. */
  readonly parameters: Record<string, string>;
}

/**
 * Begins at the host that `hosts` believes in. For a client with one connection. A search
 * takes half of a statement's `timeoutMs`, so that the statement can fail with what went
 * wrong, and not with its deadline.
 */
export function sqlSearch(hosts: SqlHosts, timeoutMs = 2 * SEARCH_MS): SqlSearch {
  const searchMs = Math.min(SEARCH_MS, timeoutMs / 2);
  let socket: Socket | undefined;
  let at = hosts.next();
  let accepted = true;
  /** Whether the last socket led to a host that does. */
  let led = false;
  let over = false;
  /** Hosts in a row that did not do. */
  let misses = 0;
  /** When this search began, by `performance.now()`. */
  let since: number | undefined;
  /** Whether the time is over, and one host is tried a last time. */
  let last = false;
  /** Why the last host did not do. */
  let why: unknown;
  /** The client's own list of hosts. */
  let names: string[] = [];

  /** With a second host the client looks on, and drops its error, where it would otherwise give up. */
  const lookOn = (on: boolean) => void names.splice(0, names.length, ...(on ? TWO : ONE));

  function missed(): void {
    misses++;
    hosts.doubt(at);
    at = hosts.next(at);
  }

  /** Resolves with a socket to the host at `at`; undefined if it cannot be reached. */
  async function reach(): Promise<Socket | undefined> {
    const { host, port } = hosts.all[at] ?? nobody;
    const tried = connect({ host, port }).setNoDelay(true);
    socket = tried;
    const patience = setTimeout(() => {
      tried.destroy(new Error(`${host}:${port} did not answer in ${CONNECT_MS} ms.`));
    }, CONNECT_MS);
    await new Promise((resolve) => {
      tried.once('connect', resolve).once('close', resolve).on('error', resolve);
    });
    clearTimeout(patience);
    why = tried.errored ?? new Error(`${host}:${port} closed the connection during the login.`);
    // The client tells the name to TLS, and the address to people.
    return tried.destroyed || tried.connecting ? undefined : Object.assign(tried, { host, port });
  }

  async function next(client: ClientOptions): Promise<Socket> {
    names = client.host;
    lookOn(true);
    since ??= performance.now();
    if (accepted) at = hosts.next();
    else missed();
    accepted = false;
    led = false;
    while (!over && !last) {
      last = performance.now() - since >= searchMs;
      if (misses >= hosts.all.length) {
        misses = 0;
        await sleep(roundMs());
        if (over) break;
      }
      const reached = await reach();
      if (reached !== undefined) {
        // Each server tells its own; what is as before would not be told.
        for (const name of Object.keys(client.parameters)) delete client.parameters[name];
        // Only the client knows why TLS fails.
        if (last) lookOn(false);
        return reached;
      }
      missed();
    }
    since = undefined;
    last = false;
    lookOn(false);
    return dead(why);
  }

  return {
    options: {
      ...(hosts.writable && { target_session_attrs: 'primary' }),
      host: [...TWO],
      port: [0, 0],
      socket: next,
      onparameter: (name, value) => {
        if (hosts.writable && name === 'in_hot_standby' && value === 'on') {
          why = new Standby(hosts.all[at] ?? nobody);
          // The client leaves it by itself, which is no error to tell.
          lookOn(true);
        }
        // CockroachDB, which has no standbys, says nothing of them.
        if (hosts.writable && !(name === 'in_hot_standby' && value === 'off')) return;
        accepted = true;
        led = true;
        misses = 0;
        since = undefined;
        last = false;
        hosts.found(at);
      },
    },
    host: () => hosts.all[at] ?? nobody,
    moved: () => led && hosts.moved(at),
    end: () => {
      over = true;
      hosts.doubt(at);
    },
    close: () => void socket?.destroy(),
  };
}

const ONE = ['one'];
const TWO = ['one', 'another'];
const nobody: SqlHost = { host: '', port: 0 };

/** The host says that it takes no writes. */
class Standby extends Error {
  constructor({ host, port }: SqlHost) {
    super(`${host}:${port} is a standby.`);
  }
}

/** A socket that fails at once: after an exception the client would wait for ever. */
function dead(cause: unknown): Socket {
  const what =
    cause instanceof Standby
      ? 'No host of the database takes writes'
      : 'No host of the database lets us in';
  const reason =
    cause instanceof Error ? cause.message || nameOf(cause) : 'nothing, as the search was ended.';
  const error = new Error(`${what}; of the last: ${reason}`, { cause });
  const socket = new Socket();
  setImmediate(() => socket.destroy(Object.assign(error, { code: NOWHERE })));
  return socket;
}

/** Of a name with several addresses the system's error has a code alone. */
const nameOf = (error: NodeJS.ErrnoException): string => error.code ?? error.name;
