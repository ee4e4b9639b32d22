import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toolEnvironment } from './child-environment.ts';
import { freePorts, LOOPBACK } from './ports.ts';
import { SetupProblem } from './problem.ts';
import { type Process, startProcess, untilReady } from './process.ts';
import { refusedWrites } from './refused-writes.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from './tools.ts';
import { answers } from './until.ts';

export interface NatsOptions {
  /** JetStream's files; created if missing, kept when the server stops. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a free one. */
  readonly monitorPort?: number;
  /** Shown in errors; the server's own name in a cluster. Default `NATS`. */
  readonly name?: string;
  /**
   * The server's configuration: who may connect. Without one, in tests, everybody may. In a
   * cluster it says where the others are, too.
   */
  readonly configuration?: string | undefined;
  /** Its cluster port, and those of the other servers of its cluster. */
  readonly cluster?: { readonly port: number; readonly others: readonly number[] } | undefined;
  readonly logFile?: string | undefined;
  /** Called if the server must be built first, which takes a minute, and if it cannot write. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Aborting it gives the start up; once started it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/** A running NATS server with JetStream on loopback. */
export interface Nats {
  readonly url: string;
  readonly monitorUrl: string;
  readonly port: number;
  readonly process: Process;
  /** Stops the server; the streams' files stay. May be called twice. */
  readonly stop: () => Promise<void>;
}

const VERSION = '2.15.2';
const OLDEST: readonly [number, number] = [2, 12];
const READY_MS = 30_000;
const CONFIGURATION = join(import.meta.dirname, 'nats.conf');

/**
 * Starts nats-server with JetStream in files under `dataDir`, ready when its
 * health check says so. The files are flushed at the server's own default (every
 * two minutes): what a power failure takes from the stream, the event log has and
 * the relay publishes again. After its folder refused a write (a full disk, say) only a
 * new process writes again: the server ends by itself once the folder is writable, and
 * its supervisor restarts it.
 */
export async function startNats(options: NatsOptions): Promise<Nats> {
  const command = await natsBinary(options.onProgress, options.signal);
  const [port = 0, monitorPort = 0] = await freePorts(2);
  return startServer(command, { port, monitorPort, ...options });
}

async function startServer(
  command: string,
  options: NatsOptions & { readonly port: number; readonly monitorPort: number },
): Promise<Nats> {
  const { port, monitorPort, name = 'NATS', cluster, configuration } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const listen = ['--addr', LOOPBACK, '--port', String(port), '--http_port', String(monitorPort)];
  const ended = new AbortController();
  const server: Process = await startProcess({
    name,
    command,
    args: [
      ...['--config', configuration ?? CONFIGURATION, ...listen],
      ...['--jetstream', '--store_dir', dataDir],
      ...(cluster === undefined ? [] : ['--name', name]),
      ...(cluster === undefined || configuration !== undefined ? [] : clusterArguments(cluster)),
    ],
    logFile: options.logFile,
    onLine: refusedWrites({
      folder: dataDir,
      onRefused: () =>
        options.onProgress?.(
          `cannot write to ${dataDir} → free disk space; it then restarts by itself`,
        ),
      restart: () => void server.stop(),
      signal: ended.signal,
    }),
  });
  void server.exited.then(() => ended.abort());
  const monitorUrl = `http://${LOOPBACK}:${monitorPort}`;
  // One of a cluster is healthy only with others, which may be started after it.
  const look = cluster === undefined ? '/healthz' : '/healthz?js-server-only=true';
  const healthy = (signal: AbortSignal) => answers(`${monitorUrl}${look}`, signal);
  await untilReady(server, healthy, { stillMs: READY_MS }, options.signal);
  return {
    url: `nats://${LOOPBACK}:${port}`,
    monitorUrl,
    port,
    process: server,
    stop: async () => {
      await server.stop();
    },
  };
}

/** Clients do not learn about the other servers: they use their configured addresses. */
function clusterArguments({ port, others }: NonNullable<NatsOptions['cluster']>): string[] {
  const address = (of: number) => `nats://${LOOPBACK}:${of}`;
  return [
    ...['--cluster_name', 'orders', '--cluster', address(port)],
    ...['--routes', others.map(address).join(','), '--no_advertise'],
  ];
}

/**
 * The path of nats-server 2.12 or newer: the one on PATH, else the project's own,
 * built with Go when it is not there. Throws a `SetupProblem` when none can be had.
 */
export async function natsBinary(
  onProgress?: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const version = await runTool('nats-server', ['--version']);
  if (version.ok && newEnough(version.output)) return 'nats-server';
  return installOnce({
    target: join(toolsDir, 'bin/nats-server'),
    onStart: () => onProgress?.(`building nats-server ${VERSION} with Go, which takes a minute`),
    install: build,
    signal,
  });
}

/** Whether what `nats-server --version` prints names a version that will do. */
export function newEnough(printed: string): boolean {
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(printed)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return false;
  const [oldestMajor, oldestMinor] = OLDEST;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

async function build(folder: string, options: ToolOptions): Promise<string> {
  const built = await runTool('go', ['install', `github.com/nats-io/nats-server/v2@v${VERSION}`], {
    ...options,
    // A caller's GOFLAGS could name a vendor folder that we do not have.
    env: { ...toolEnvironment(), GOBIN: folder, GOFLAGS: '' },
  });
  const file = join(folder, 'nats-server');
  if (built.ok && (await stat(file).catch(() => undefined))) return file;
  const why = built.ok
    ? 'Go built it elsewhere'
    : built.missing
      ? 'Go is not installed'
      : `go install: ${built.reason}`;
  const first =
    !built.ok && !built.missing ? 'check that Go reaches its module proxy' : 'install Go 1.26';
  throw new SetupProblem(
    `there is no nats-server ${OLDEST.join('.')} or newer, and it could not be built (${why})`,
    `${first}, or put nats-server on PATH, or set NATS_URL to a server of your own`,
  );
}
