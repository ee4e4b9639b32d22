import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type NatsConnection } from 'nats';
import type { Logger } from '../../logger.ts';
import { type Meter, noMeter } from '../../metrics/meter.ts';
import type { Component } from '../../process/lifecycle.ts';
import { countReplaced } from '../replaced-streams.ts';
import { inboxOf } from './inbox.ts';
import { type ConnectionStatus, connectionStatus } from './nats-status.ts';
import { nkeyLogin } from './nkey-login.ts';

export interface NatsOptions {
  /** One address, or several separated by commas; they may contain user and password, or user and `?nkey=` with the path of a key; `tls://` may name the authority of the servers with `?ca=`, the path of its certificate. */
  readonly url: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  /** Counts connections that were given up because the server fell silent. */
  readonly meter?: Meter;
  /** Between two pings of the server, in milliseconds. Default 5 s. */
  readonly pingMs?: number;
}

/** A connection to NATS that is maintained until `stop`. */
export interface Nats extends Component {
  /**
   * The connection: at once if there is one, else when it has been made. Rejects after
   * `stop`. Ask again for each use rather than keep it: an earlier one may have been
   * closed and replaced. Needs no `this`.
   */
  readonly connection: () => Promise<NatsConnection>;
  start(): Promise<void>;
  stop(): Promise<void>;
  notReady(): string | undefined;
}

/** Between two attempts, in milliseconds: at least the first, at most both together. */
const RETRY_MS = 200;
const RETRY_JITTER_MS = 400;
/** A server that vanished silently is noticed within three of these. */
const PING_MS = 5_000;
const CONNECT_MS = 5_000;
const DRAIN_MS = 2_000;

/**
 * Connects to NATS and reconnects forever. `start` returns at once: a missing server
 * makes the process not ready, but does not keep it from starting. `stop` sends what is
 * queued, within two seconds, and closes; it may be called twice.
 */
export function connectNats({ url, name, logger, meter, pingMs = PING_MS }: NatsOptions): Nats {
  const options = { ...natsConnectionOptions(url, name), pingInterval: pingMs };
  const replaced = countReplaced(meter ?? noMeter);
  const stopping = new AbortController();
  let current: Promise<NatsConnection> | undefined;
  let status: ConnectionStatus | undefined;
  let lastProblem = 'not tried yet';

  async function open(): Promise<NatsConnection> {
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await connect(options);
        if (stopping.signal.aborted) await connection.close();
        stopping.signal.throwIfAborted();
        watch(connection);
        logger.info({ server: connection.getServer() }, 'connected to NATS');
        return connection;
      } catch (error) {
        stopping.signal.throwIfAborted();
        lastProblem = error instanceof Error ? error.message : String(error);
        // The first failure is logged; an hour's outage need not be logged 7,000 times.
        const level = attempt === 1 || attempt % 60 === 0 ? 'warn' : 'debug';
        logger[level]({ servers: options.servers, problem: lastProblem }, 'NATS is away');
        await delay(pause(), undefined, { signal: stopping.signal });
      }
    }
  }

  function watch(connection: NatsConnection): void {
    status = connectionStatus(connection);
    void (async () => {
      for await (const { type, data } of connection.status()) {
        if (type === 'pingTimer') continue;
        if (type === 'staleConnection') replaced('nats');
        const quiet = type === 'reconnect' || type === 'reconnecting' || type === 'update';
        logger[quiet ? (type === 'reconnect' ? 'info' : 'debug') : 'warn'](
          { nats: type, data: typeof data === 'string' ? data : undefined },
          `NATS: ${type}`,
        );
      }
    })();
    void connection.closed().then((error) => {
      status = undefined;
      if (stopping.signal.aborted) return;
      // The client gave up although told never to: start again.
      lastProblem = error instanceof Error ? error.message : 'closed';
      logger.error({ problem: lastProblem }, 'NATS: the connection was closed; connecting again');
      void begin();
    });
  }

  function begin(): Promise<NatsConnection> {
    const opening = open();
    // A caller that asks for the connection sees the failure; without one it is ignored.
    opening.catch(() => undefined);
    current = opening;
    return opening;
  }

  return {
    name: 'nats',
    connection: () => {
      if (stopping.signal.aborted) return Promise.reject(stopping.signal.reason);
      return current ?? begin();
    },
    start: async () => {
      if (current === undefined) void begin();
    },
    stop: async () => {
      const wasConnected = status?.connected() ?? false;
      stopping.abort(new Error('The connection to NATS was stopped.'));
      const connection = await current?.catch(() => undefined);
      if (connection === undefined || connection.isClosed()) return;
      const late = new AbortController();
      if (wasConnected) {
        await Promise.race([
          connection.drain().catch(() => undefined),
          delay(DRAIN_MS, undefined, { signal: late.signal }).catch(() => undefined),
        ]);
      }
      late.abort();
      await connection.close();
    },
    notReady: () => {
      if (status?.connected()) return undefined;
      return status === undefined
        ? `not connected to NATS (${lastProblem})`
        : 'the connection to NATS is lost';
    },
  };
}

const pause = () => RETRY_MS + Math.random() * RETRY_JITTER_MS;

/**
 * The client's options for connecting to `url` (as `setting.natsUrl` takes it) and
 * staying connected forever. The server lists the connection as `name`. Throws TypeError
 * for an invalid address, and the system's error for a key that cannot be read.
 */
export function natsConnectionOptions(url: string, name: string) {
  const addresses = url.split(',').map((part) => new URL(part.trim()));
  // The client does not read them from the address, and must not log them with it.
  const login = addresses.find((address) => address.username !== '');
  const user = login && decodeURIComponent(login.username);
  const pass = login && decodeURIComponent(login.password);
  const nkey = login?.searchParams.get('nkey') || undefined;
  const caFile = addresses[0]?.searchParams.get('ca') || undefined;
  return {
    servers: addresses.map((address) => address.host),
    name,
    ...(user === undefined
      ? {}
      : nkey
        ? { authenticator: nkeyLogin(nkey), inboxPrefix: inboxOf(user) }
        : pass
          ? { user, pass }
          : { token: user }),
    // The client reads the file for each connection.
    ...(addresses.some(({ protocol }) => protocol === 'tls:') && {
      tls: caFile === undefined ? {} : { caFile },
    }),
    timeout: CONNECT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: pause,
    // A password that is being changed must not end the process's only connection.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    // Otherwise each publication makes two Errors for its call site: a twelfth of what
    // the relay's process does, for stacks that only failures show.
    noAsyncTraces: true,
  } satisfies ConnectionOptions;
}
