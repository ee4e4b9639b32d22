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

/** The code of the error when no host does; nothing was sent then. */
export const NOWHERE = 'CONNECTION_NOWHERE';

/** For a host of which not even the system answers, in milliseconds. */
const CONNECT_MS = 1_500;

/** For one search; a statement may begin another. */
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

/** Begins at the host that `hosts` believes in. For a client with one connection. */
export function sqlSearch(hosts: SqlHosts): SqlSearch {
  let socket: Socket | undefined;
  let at = hosts.next();
  let accepted = true;
  let over = false;
  /** Hosts in a row that did not do. */
  let misses = 0;
  /** When this search began, by `performance.now()`. */
  let since: number | undefined;

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
    const patience = setTimeout(() => tried.destroy(), CONNECT_MS);
    await new Promise((resolve) => {
      tried.once('connect', resolve).once('close', resolve).on('error', resolve);
    });
    clearTimeout(patience);
    // The client tells the name to TLS, and the address to people.
    return tried.destroyed || tried.connecting ? undefined : Object.assign(tried, { host, port });
  }

  async function next(client: ClientOptions): Promise<Socket> {
    // With a second host the client looks on where it would otherwise give up.
    client.host.splice(0, client.host.length, ...TWO);
    since ??= performance.now();
    if (accepted) at = hosts.next();
    else missed();
    accepted = false;
    while (!over && performance.now() - since < SEARCH_MS) {
      if (misses >= hosts.all.length) {
        misses = 0;
        await sleep(roundMs());
      }
      const reached = await reach();
      if (reached !== undefined) {
        // Each server tells its own; what is as before would not be told.
        for (const name of Object.keys(client.parameters)) delete client.parameters[name];
        return reached;
      }
      missed();
    }
    since = undefined;
    client.host.length = 1;
    return dead(socket?.errored);
  }

  return {
    options: {
      ...(hosts.writable && { target_session_attrs: 'primary' }),
      host: [...TWO],
      port: [0, 0],
      socket: next,
      onparameter: (name, value) => {
        // CockroachDB, which has no standbys, says nothing of them.
        if (hosts.writable && !(name === 'in_hot_standby' && value === 'off')) return;
        accepted = true;
        misses = 0;
        since = undefined;
        hosts.found(at);
      },
    },
    host: () => hosts.all[at] ?? nobody,
    end: () => {
      over = true;
      hosts.doubt(at);
    },
    close: () => void socket?.destroy(),
  };
}

const TWO = ['one', 'another'];
const nobody: SqlHost = { host: '', port: 0 };

/** A socket that fails at once: after an exception the client would wait for ever. */
function dead(cause: unknown): Socket {
  const error = new Error('No host of the database takes writes.', { cause });
  const socket = new Socket();
  setImmediate(() => socket.destroy(Object.assign(error, { code: NOWHERE })));
  return socket;
}
