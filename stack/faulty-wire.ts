import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { condition, type Mode } from './faulty-wire/condition.ts';
import { lane } from './faulty-wire/lane.ts';
import { freePort, LOOPBACK } from './ports.ts';

/** As seen from the client. */
export type Way = 'toTarget' | 'toClient' | 'both';

export interface FaultyWireOptions {
  readonly target: { readonly host?: string; readonly port: number };
  /** Where it listens on loopback; default a free port. */
  readonly port?: number;
}

/** When a stall begins and ends. */
export interface Stall {
  /** So many bytes still go, counted over all connections from now on; default 0. */
  readonly afterBytes?: number;
  /** Then nothing for so long; default: until another mode is set. */
  readonly forMs?: number;
  readonly way?: Way;
  /** Hold only the connection that carried the last of these bytes. */
  readonly one?: boolean;
}

/**
 * A TCP connection that can be spoiled: what connects to `port` reaches the target, as
 * long as the wire says so. Each mode replaces the one before it in its direction
 * (default both), at once, for the connections there are and for new ones. Memory is
 * bounded: past 256 kB a direction, the sender is not read.
 */
export interface FaultyWire {
  readonly port: number;
  /** `host:port` to connect to. */
  readonly address: string;
  /** Transparent. Held bytes go on, in order and completely. */
  readonly pass: (way?: Way) => void;
  /** Each byte comes so much later; many may be under way at once. */
  readonly delay: (ms: number, way?: Way) => void;
  /** No more than so many bytes a second, over all connections. */
  readonly throttle: (bytesPerSecond: number, way?: Way) => void;
  /** Silently holds all bytes, ends and resets. Resolves once it holds. */
  readonly stall: (stall?: Stall) => Promise<void>;
  /** Loses the bytes that come. No connection is worth anything afterwards: cut them. */
  readonly swallow: (way?: Way) => void;
  /** Resets all connections, at both ends. */
  readonly cut: () => void;
  /** New connections are refused; those there are stay. */
  readonly refuse: () => void;
  /** Listens again after `refuse`. */
  readonly admit: () => Promise<void>;
  /** Tells the receiver on each connection that the sender has finished. */
  readonly halfClose: (way: Exclude<Way, 'both'>) => void;
  /** Connections and bytes carried since the start; `open` is now. */
  readonly counts: () => {
    readonly accepted: number;
    readonly open: number;
    readonly toTarget: number;
    readonly toClient: number;
  };
  /** Resets all connections and stops listening. May be called twice. */
  readonly stop: () => Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  readonly toTarget: ReturnType<typeof lane>;
  readonly toClient: ReturnType<typeof lane>;
}

/** Listens on loopback; rejects if it cannot. It does not check that the target exists. */
export async function faultyWire({ target, ...options }: FaultyWireOptions): Promise<FaultyWire> {
  const port = options.port ?? (await freePort());
  const toTarget = condition();
  const toClient = condition();
  const bytes = { toTarget: 0, toClient: 0 };
  const pairs = new Set<Pair>();
  let accepted = 0;
  let server: Server | undefined;

  function accept(client: Socket): void {
    accepted += 1;
    const { host = LOOPBACK, port: targetPort } = target;
    const far = connect({ host, port: targetPort, allowHalfOpen: true, noDelay: true });
    const pair: Pair = {
      client,
      target: far,
      toTarget: lane(client, far, toTarget, (count) => {
        bytes.toTarget += count;
      }),
      toClient: lane(far, client, toClient, (count) => {
        bytes.toClient += count;
      }),
    };
    pairs.add(pair);
    for (const socket of [client, far]) {
      // How it ended is the lanes' business.
      socket.on('error', () => {});
      socket.once('close', () => {
        if (client.closed && far.closed) forget(pair);
      });
    }
  }

  function forget(pair: Pair): void {
    pairs.delete(pair);
    pair.toTarget.close();
    pair.toClient.close();
  }

  async function listen(): Promise<void> {
    if (server !== undefined) return;
    server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    server.listen({ port, host: LOOPBACK });
    await once(server, 'listening');
  }

  function refuse(): void {
    server?.close();
    server = undefined;
  }

  function cut(): void {
    for (const pair of pairs) {
      forget(pair);
      pair.client.resetAndDestroy();
      pair.target.resetAndDestroy();
    }
  }

  async function set(mode: Mode, way: Way = 'both'): Promise<void> {
    const chosen = { toTarget: [toTarget], toClient: [toClient], both: [toTarget, toClient] }[way];
    await Promise.all(chosen.map((one) => one.set(mode)));
  }

  await listen();
  return {
    port,
    address: `${LOOPBACK}:${port}`,
    pass: (way) => void set({ kind: 'pass' }, way),
    delay: (ms, way) => void set({ kind: 'delay', ms }, way),
    throttle: (bytesPerSecond, way) => void set({ kind: 'throttle', bytesPerSecond }, way),
    stall: ({ afterBytes = 0, forMs, way, one } = {}) =>
      set({ kind: 'stall', afterBytes, forMs, one }, way),
    swallow: (way) => void set({ kind: 'swallow' }, way),
    cut,
    refuse,
    admit: listen,
    halfClose: (way) => {
      for (const pair of pairs) pair[way].finish();
    },
    counts: () => ({ accepted, open: pairs.size, ...bytes }),
    async stop() {
      refuse();
      void set({ kind: 'pass' });
      cut();
    },
  };
}
