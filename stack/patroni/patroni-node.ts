import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverEnvironment } from '../child-environment.ts';
import { LOOPBACK } from '../ports.ts';
import type { ServerUser } from '../postgres-binaries.ts';
import { type Process, startProcess, untilReady } from '../process.ts';
import type { PatroniTools } from './patroni-tools.ts';
import { signalPostgres } from './postgres-signals.ts';

/** The shortest that Patroni takes: for how long a primary that is not heard of is believed in, in seconds. */
export const TTL_SECONDS = 20;

const STILL_MS = 60_000;
const ASK_MS = 2_000;
const SWITCH_MS = 120_000;

/** What Patroni says of a server. */
export type Role = 'primary' | 'synchronous' | 'replica';

/** Of a node: its server with all that works for it, the Patroni beside it, or both. */
export type Part = 'PostgreSQL' | 'Patroni' | 'both';

export interface PatroniNodeOptions {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly restPort: number;
  readonly etcdPort: number;
  readonly tools: PatroniTools;
  readonly user: ServerUser;
  readonly signal?: AbortSignal | undefined;
}

/** A server of PostgreSQL and the Patroni beside it. */
export class PatroniNode {
  readonly name: string;
  readonly port: number;
  readonly #options: PatroniNodeOptions;
  readonly #folder: string;
  readonly #url: string;
  #patroni: Process | undefined;

  constructor(options: PatroniNodeOptions) {
    this.name = options.name;
    this.port = options.port;
    this.#options = options;
    this.#folder = join(options.folder, options.name);
    this.#url = `http://${LOOPBACK}:${options.restPort}`;
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  /** Starts its Patroni, and that its server, or goes on with the server that runs. */
  async start(): Promise<void> {
    const { tools, user, signal } = this.#options;
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
    await untilReady(this.#patroni, alive, { stillMs: STILL_MS }, signal);
  }

  /** Whether Patroni says that its server is in this state. */
  async answers(state: Role): Promise<boolean> {
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
      signal: AbortSignal.timeout(SWITCH_MS),
    });
    if (response.ok) return;
    throw new Error(`Patroni does not switch over: ${await response.text()}`);
  }

  /** Has its server copied from the primary again; false if its Patroni does not begin with it now. */
  async copyAgain(): Promise<boolean> {
    const response = await fetch(`${this.#url}/reinitialize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ force: true }),
      signal: AbortSignal.timeout(ASK_MS),
    }).catch(() => undefined);
    return response?.ok === true;
  }

  signal(signal: NodeJS.Signals, part: Part = 'both'): void {
    if (part !== 'PostgreSQL') this.#patroni?.kill(signal);
    if (part !== 'Patroni') signalPostgres(this.#dataDir, signal);
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
        // Under load a copy would wait some minutes for a checkpoint that is spread.
        basebackup: [{ checkpoint: 'fast' }],
        parameters: { unix_socket_directories: this.#folder },
      },
    };
  }
}
