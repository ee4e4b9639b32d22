/**
 * Three PostgreSQL servers of which Patroni makes one the primary, with commits that wait for
 * a standby, all on this machine. etcd, where Patroni keeps who is the primary, is one server: no test harms it.
 */
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../../shared/testing/eventually.ts';
import { serverEnvironment } from '../../child-environment.ts';
import { freePorts, LOOPBACK } from '../../ports.ts';
import { closedFolder, type ServerUser, serverUser } from '../../postgres-binaries.ts';
import { type Process, startProcess, untilReady } from '../../process.ts';
import { testFolder } from '../../testing.ts';
import { type PatroniTools, patroniTools } from './patroni-tools.ts';
import { signalPostgres } from './postgres-signals.ts';

export interface Patroni {
  /** The address of a database, at whichever server takes writes. */
  readonly url: (database: string) => string;
  /** The name of the primary, by the servers' own word; undefined while there is none. */
  readonly primary: () => Promise<string | undefined>;
  /** Waits until there is a primary other than `before`, and returns its name. */
  readonly successor: (before: string) => Promise<string>;
  /** Waits until the other two follow the primary, one of them with each commit. */
  readonly whole: () => Promise<void>;
  /** SIGKILL to a server and its Patroni, as if its machine had gone. */
  readonly kill: (name: string) => void;
  readonly start: (name: string) => Promise<void>;
  readonly freeze: (name: string) => void;
  readonly thaw: (name: string) => void;
  /** Makes another the primary, by plan. */
  readonly switchOver: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The shortest that Patroni takes: for how long a primary that is not heard of is believed in, in seconds. */
export const TTL_SECONDS = 20;

const STILL_MS = 60_000;
const WHOLE_MS = 120_000;
const ASK_MS = 2_000;

/** The cluster, once it is whole; a sentence where Patroni cannot be had. The caller stops it. */
export async function startPatroni(): Promise<Patroni | string> {
  const folder = await testFolder();
  const user = await serverUser();
  const tools = await patroniTools(user, folder);
  if (typeof tools === 'string') return tools;
  if ((await closedFolder(folder, user)) !== undefined) {
    return `PostgreSQL's user may not enter ${folder}`;
  }
  const [etcdPort = 0, peerPort = 0, ...ports] = await freePorts(8);
  const etcd = await startEtcd(tools.etcd, folder, etcdPort, peerPort);
  const nodes = [1, 2, 3].map((number, index) => {
    const [port = 0, restPort = 0] = ports.slice(2 * index);
    return new Node({ name: `db${number}`, folder, port, restPort, etcdPort, tools, user });
  });
  const node = (name: string) => {
    const found = nodes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  };
  // In an end that is not in order nobody waits for Patroni to stop its server.
  const killAll = () => nodes.forEach((one) => void one.signal('SIGKILL'));
  process.on('exit', killAll);

  async function primary(): Promise<string | undefined> {
    const is = await Promise.all(nodes.map((one) => one.answers('primary')));
    const names = nodes.filter((_one, index) => is[index]).map(({ name }) => name);
    return names.length === 1 ? names[0] : undefined;
  }
  const whole = async () => {
    await eventually(
      'all three servers take part',
      async () => {
        const is = await Promise.all(
          nodes.map(async (one) => {
            if (await one.answers('primary')) return 'primary';
            if (await one.answers('synchronous')) return 'synchronous';
            return (await one.answers('replica')) && 'replica';
          }),
        );
        assertRoles(is);
        return true;
      },
      WHOLE_MS,
    );
  };
  const stop = async () => {
    process.off('exit', killAll);
    await Promise.all(nodes.map((one) => one.stop()));
    await etcd.stop();
  };

  try {
    for (const one of nodes) await one.start();
    await whole();
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = nodes.map(({ port }) => `${LOOPBACK}:${port}`).join(',');
  return {
    url: (database) => `postgres://orders@${hosts}/${database}?target_session_attrs=read-write`,
    primary,
    whole,
    successor: (before) =>
      eventually(
        `another than ${before} takes writes`,
        async () => {
          const name = await primary();
          return name !== undefined && name !== before && name;
        },
        WHOLE_MS,
      ),
    kill: (name) => node(name).signal('SIGKILL'),
    start: (name) => node(name).start(),
    freeze: (name) => node(name).signal('SIGSTOP'),
    thaw: (name) => node(name).signal('SIGCONT'),
    switchOver: async () => {
      const leader = await primary();
      if (leader === undefined) throw new Error('there is no primary');
      const candidate = await eventually('one follows with each commit', async () => {
        const is = await Promise.all(nodes.map((one) => one.answers('synchronous')));
        return nodes.find((_one, index) => is[index])?.name;
      });
      await node(leader).switchTo(candidate);
    },
    stop,
  };
}

function assertRoles(roles: readonly unknown[]): void {
  const found = roles.map(String).toSorted().join(' ');
  if (found !== 'primary replica synchronous') throw new Error(`they are ${found}`);
}

async function startEtcd(command: string, folder: string, port: number, peerPort: number) {
  const [client, peer] = [`http://${LOOPBACK}:${port}`, `http://${LOOPBACK}:${peerPort}`];
  const etcd = await startProcess({
    name: 'etcd',
    command,
    args: [
      ['--name', 'etcd', '--data-dir', join(folder, 'etcd')],
      ['--listen-client-urls', client, '--advertise-client-urls', client],
      ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ['--initial-cluster', `etcd=${peer}`, '--logger', 'zap', '--log-level', 'warn'],
      // Nothing of it is wanted after the machine has failed.
      ['--unsafe-no-fsync'],
    ].flat(),
  });
  const healthy = async (signal: AbortSignal) => (await fetch(`${client}/health`, { signal })).ok;
  await untilReady(etcd, healthy, { stillMs: STILL_MS });
  return etcd;
}

interface NodeOptions {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly restPort: number;
  readonly etcdPort: number;
  readonly tools: PatroniTools;
  readonly user: ServerUser;
}

/** A server of PostgreSQL and the Patroni beside it. */
class Node {
  readonly name: string;
  readonly port: number;
  readonly #options: NodeOptions;
  readonly #folder: string;
  readonly #url: string;
  #patroni: Process | undefined;

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.port = options.port;
    this.#options = options;
    this.#folder = join(options.folder, options.name);
    this.#url = `http://${LOOPBACK}:${options.restPort}`;
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  async start(): Promise<void> {
    const { tools, user } = this.#options;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, 'patroni.yml');
    // YAML reads JSON, too.
    await writeFile(file, JSON.stringify(this.#settings(), undefined, 2));
    if (user !== undefined) {
      await chown(this.#folder, user.uid, user.gid);
      await chown(file, user.uid, user.gid);
    }
    this.#patroni = await startProcess({
      name: `Patroni ${this.name}`,
      command: tools.python,
      args: ['-m', 'patroni', file],
      env: { ...serverEnvironment(), PYTHONPATH: tools.modules, LC_ALL: 'C' },
      cwd: '/',
      user,
      logFile: join(this.#folder, 'patroni.log'),
      stopDeadlineMs: 20_000,
    });
    const alive = async (signal: AbortSignal) => {
      const { ok } = await fetch(`${this.#url}/liveness`, { signal });
      return ok;
    };
    await untilReady(this.#patroni, alive, { stillMs: STILL_MS });
  }

  /** Whether Patroni says that its server is in this state. */
  async answers(state: 'primary' | 'synchronous' | 'replica'): Promise<boolean> {
    const signal = AbortSignal.timeout(ASK_MS);
    return fetch(`${this.#url}/${state}`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async switchTo(candidate: string): Promise<void> {
    const response = await fetch(`${this.#url}/switchover`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ leader: this.name, candidate }),
      signal: AbortSignal.timeout(WHOLE_MS),
    });
    if (response.ok) return;
    throw new Error(`Patroni does not switch over: ${await response.text()}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#patroni?.kill(signal);
    signalPostgres(this.#dataDir, signal);
  }

  async stop(): Promise<void> {
    // One that is frozen hears no other signal.
    this.signal('SIGCONT');
    await this.#patroni?.stop();
    signalPostgres(this.#dataDir, 'SIGKILL');
  }

  #settings() {
    const { name, port, restPort, etcdPort, tools } = this.#options;
    const [sql, rest] = [`${LOOPBACK}:${port}`, `${LOOPBACK}:${restPort}`];
    return {
      scope: 'orders',
      name,
      log: { level: 'INFO' },
      restapi: { listen: rest, connect_address: rest },
      etcd3: { hosts: [`${LOOPBACK}:${etcdPort}`] },
      bootstrap: {
        dcs: {
          ttl: TTL_SECONDS,
          loop_wait: 2,
          retry_timeout: 5,
          synchronous_mode: true,
          // A server that was killed alone is replaced, and not waited for.
          primary_start_timeout: 0,
          postgresql: {
            use_pg_rewind: true,
            parameters: { max_connections: 200, shared_buffers: '128MB', wal_keep_size: '256MB' },
          },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, { auth: 'trust' }, 'data-checksums'],
      },
      postgresql: {
        listen: sql,
        connect_address: sql,
        data_dir: this.#dataDir,
        bin_dir: tools.postgresBin,
        pgpass: join(this.#folder, 'pgpass'),
        authentication: {
          superuser: { username: 'orders' },
          replication: { username: 'replicator' },
        },
        pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
        parameters: { unix_socket_directories: this.#folder },
      },
    };
  }
}
