import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { serverEnvironment, toolEnvironment } from './child-environment.ts';
import { freePort, LOOPBACK } from './ports.ts';
import { type Process, startProcess, untilReady } from './process.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from './tools.ts';
import { answers } from './until.ts';

export interface ZipkinOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly logFile?: string | undefined;
  /** Told of a download, and of the one thing that is missing. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Aborting it gives the start up; once ready it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/** A started Zipkin server; see `ready`. */
export interface Zipkin {
  /** Of the server: API under `/api/v2`, page under `/zipkin`. */
  readonly url: string;
  readonly process: Process;
  /** Resolves when it takes spans, some seconds after the start; else rejects. */
  readonly ready: Promise<void>;
  /** May be called twice. Traces are kept in memory and go with it. */
  readonly stop: () => Promise<void>;
}

const VERSION = '3.5.1';
/** Of that version's jar, as it is in Maven's central repository. */
const JAR_SHA256 = '7ac633a6832647e71e50012a5e3e91fbc7054414955261724526030faf271d8d';
const JAR = `zipkin-server-${VERSION}-exec.jar`;
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
const OLDEST_JAVA = 17;
/** Nobody waits for it, and a Java on a busy machine takes its time; what hangs is ended all the same. */
const STILL_MS = 60_000;
const LONGEST_MS = 600_000;
const REMEDY = 'install Java 17 and Maven, or set OTEL_EXPORTER_ZIPKIN_ENDPOINT; all else works';

/**
 * Starts Zipkin with its memory store on loopback and returns without waiting
 * until it is ready. The jar comes through Maven the first time. Without Java or
 * Maven the answer is undefined, after one line that says so: traces are the one
 * thing the stack can do without.
 */
export async function startZipkin(options: ZipkinOptions = {}): Promise<Zipkin | undefined> {
  const say = options.onProgress ?? (() => {});
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
  const version = await runTool(java, ['-version']);
  if (!version.ok || javaMajor(version.output) < OLDEST_JAVA) {
    say(`no traces: Zipkin needs Java ${OLDEST_JAVA} or newer → ${REMEDY}`);
    return undefined;
  }
  let jar: string;
  try {
    jar = await zipkinJar(say, options.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    say(`no traces: ${(error as Error).message} → ${REMEDY}`);
    return undefined;
  }
  const port = options.port ?? (await freePort());
  const url = `http://${LOOPBACK}:${port}`;
  const server = await startProcess({
    name: 'Zipkin',
    command: java,
    // Naming one field of a list replaces the list, so all three are named.
    args: [
      '-Xmx512m',
      // On a machine that all share, what the second compiler takes in the first minutes
      // is two thirds of Zipkin's work, and later it saves nothing that could be measured.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-jar',
      jar,
      `--armeria.ports[0].ip=${LOOPBACK}`,
      `--armeria.ports[0].port=${port}`,
      '--armeria.ports[0].protocols[0]=http',
    ],
    // At its default of 500,000 spans the memory store drowns in a heap of this size.
    env: {
      ...serverEnvironment(),
      ...UTF_8,
      MEM_MAX_SPANS: '100000',
      // Else anybody who reaches the port is handed a dump of its memory, and its settings.
      ZIPKIN_INTERNAL_ACTUATOR_ENABLED: 'false',
      // Else every page in the browser may read all traces.
      ZIPKIN_QUERY_ALLOWED_ORIGINS: url,
    },
    logFile: options.logFile,
    stopDeadlineMs: 5_000,
  });
  const healthy = (signal: AbortSignal) => answers(`${url}/health`, signal);
  const ready = untilReady(
    server,
    healthy,
    { stillMs: STILL_MS, longestMs: LONGEST_MS },
    options.signal,
  );
  // A caller that does not wait for it must not fail with it.
  ready.catch(() => {});
  return {
    url,
    process: server,
    ready,
    stop: async () => {
      await server.stop();
    },
  };
}

/** 17 for `openjdk version "17.0.15"`, 8 for `java version "1.8.0_402"`, else 0. */
export function javaMajor(printed: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? [];
  return Number((first === '1' ? second : first) ?? 0);
}

/**
 * A Java reads and writes the names of files as its locale says, and under `C`, or one that
 * this machine does not have, finds nothing in a folder named `für`.
 */
const UTF_8 = { LC_ALL: 'C.UTF-8' };

/**
 * The proxy of the environment in the words of Maven, which reads no such variables. A
 * password is left to Maven's own settings: everybody may read what a process was told.
 */
export function mavenProxy(env: NodeJS.ProcessEnv): string[] {
  const variable = (name: string) => env[name] || env[name.toUpperCase()];
  const proxy = URL.parse(variable('https_proxy') || variable('http_proxy') || '');
  if (proxy === null || !/^https?:$/.test(proxy.protocol)) return [];
  const direct = ['localhost', '127.*', ...(variable('no_proxy') ?? '').split(',')]
    .map((host) => host.trim().replace(/^\./, '*.'))
    .filter((host) => host !== '');
  const port = proxy.port || (proxy.protocol === 'https:' ? '443' : '80');
  return [
    // Maven from 3.9 looks at the properties of Java only when it is told to.
    '-Daether.connector.http.useSystemProperties=true',
    `-Dhttp.nonProxyHosts=${direct.join('|')}`,
    ...['http', 'https'].flatMap((of) => [
      `-D${of}.proxyHost=${proxy.hostname}`,
      `-D${of}.proxyPort=${port}`,
    ]),
  ];
}

function zipkinJar(say: (line: string) => void, signal?: AbortSignal): Promise<string> {
  return installOnce({
    target: join(toolsDir, JAR),
    onStart: () => say(`fetching Zipkin ${VERSION} through Maven, which takes a minute`),
    signal,
    install: (folder, options) => fetchJar(folder, options),
  });
}

/**
 * Fetches the jar into `folder`; exported for its test. Throws an Error that says why it cannot
 * be had; one of other content than was released is not taken.
 */
export async function fetchJar(
  folder: string,
  options: ToolOptions = {},
  sha256 = JAR_SHA256,
): Promise<string> {
  const artifact = `-Dartifact=io.zipkin:zipkin-server:${VERSION}:jar:exec`;
  const fetched = await runTool(
    'mvn',
    [
      ...['--batch-mode', '--quiet', ...mavenProxy(process.env)],
      ...[COPY, artifact, `-DoutputDirectory=${folder}`],
    ],
    { ...options, env: { ...toolEnvironment(), ...UTF_8 } },
  );
  if (!fetched.ok) {
    throw new Error(fetched.missing ? 'Maven is not installed' : `Maven: ${fetched.reason}`);
  }
  const jar = join(folder, JAR);
  const hash = createHash('sha256');
  await pipeline(createReadStream(jar), hash);
  if (hash.digest('hex') !== sha256) {
    throw new Error(`what Maven fetched is not Zipkin ${VERSION} as it was released`);
  }
  return jar;
}
