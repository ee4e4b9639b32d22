import { join, resolve } from 'node:path';
import type { DataFolder } from './data-folder.ts';
import { startNats } from './nats.ts';
import { seconds, watchProgress } from './patience.ts';
import type { Instance, NatsNode, Plan } from './plan.ts';
import { checkPorts, portsOf } from './port-check.ts';
import { LOOPBACK } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { SetupProblem } from './problem.ts';
import { describeExit, lastWord, type Process, startProcess, untilReady } from './process.ts';
import { readiness } from './readyz.ts';
import { withoutRepeats } from './repeats.ts';
import { shownLine } from './service-lines.ts';
import { type AddressVariable, bootstrapper, type ServiceRow } from './services.ts';
import { startZipkin } from './zipkin.ts';

/** A word about one process: it is ready, something to know, trouble, or its own line. */
export type Say = (kind: 'ready' | 'note' | 'trouble' | 'line', name: string, text: string) => void;

/** What every start needs to know. */
export interface LaunchContext {
  readonly plan: Plan;
  readonly data: DataFolder;
  readonly say: Say;
  readonly durable: boolean;
  /** Show all that the services write, not only warnings and worse. */
  readonly showAll: boolean;
  /** Where `<service>/main.ts` is found. */
  readonly servicesDir: string;
  /** Further variables for a service, by its name. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How long a service that starts may stand still, in milliseconds. */
  readonly stillMs: number;
  /** The environment of the instance of this name, where it differs from the plan. */
  readonly routed: ReadonlyMap<string, Partial<Record<AddressVariable, string>>>;
}

/** Starts something and resolves once it is ready; leaves nothing when it rejects. */
export type Launch = (signal: AbortSignal) => Promise<Process>;

const root = resolve(import.meta.dirname, '..');
const BOOTSTRAP_STILL_MS = 60_000;

export function launchPostgres({ data, durable, say }: LaunchContext, port: number): Launch {
  return async (signal) => {
    const dataDir = data.folder('postgres');
    const logFile = data.logFile('PostgreSQL');
    const server = await startPostgres({
      dataDir,
      port,
      durable,
      logFile,
      onProgress: (line) => say('note', 'PostgreSQL', line),
      signal,
    });
    return server.process;
  };
}

export function launchNats({ data, say, plan }: LaunchContext, node: NatsNode): Launch {
  return async (signal) => {
    const { name, port, monitorPort, clusterPort } = node;
    const server = await startNats({
      name,
      port,
      monitorPort,
      cluster: clusterPort === undefined ? undefined : clusterOf(plan, clusterPort),
      // A cluster does not know the streams of a server that was alone.
      dataDir: clusterPort === undefined ? data.folder('nats') : data.folder('nats-cluster', name),
      logFile: data.logFile(name),
      onProgress: (line) => say('note', name, line),
      signal,
    });
    return server.process;
  };
}

function clusterOf({ nats = [] }: Plan, port: number) {
  const ports = nats.flatMap(({ clusterPort }) => clusterPort ?? []);
  return { port, others: ports.filter((one) => one !== port) };
}

/** Thrown when Zipkin cannot be had; it has been said already. */
export class ZipkinMissing extends Error {}

export function launchZipkin({ data, say }: LaunchContext, port: number): Launch {
  return async (signal) => {
    const server = await startZipkin({
      port,
      logFile: data.logFile('Zipkin'),
      onProgress: (line) => say('note', 'Zipkin', line),
      signal,
    });
    if (server === undefined) throw new ZipkinMissing('Zipkin is not available.');
    await server.ready;
    return server.process;
  };
}

export function launchService(context: LaunchContext, instance: Instance): Launch {
  const { stillMs } = context;
  return async (signal) => {
    const { name, row, port, adminPort } = instance;
    // Once it was away the system may have given its port to a client, one of ours perhaps.
    const say = (text: string) => context.say('note', name, text);
    await checkPorts(portsOf(instance), { say, signal, onlyClients: true });
    const child = await spawnService(context, row, name, {
      ADMIN_PORT: String(adminPort),
      ...(row.serves && { [row.serves.variable]: String(port) }),
    });
    let keptBy: string | undefined;
    const ready = async (look: AbortSignal) => {
      const now = await readiness(`${adminUrl(instance)}/readyz`, look);
      keptBy = now.keptBy;
      return now.ready;
    };
    const patience = {
      stillMs,
      says: () => keptBy,
      onWait: waiting(context.say, child, () => keptBy),
    };
    try {
      await untilReady(child, ready, patience, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw wrongConfiguration(child) ?? error;
    }
    return child;
  };
}

/** Reports now and then that this process is still starting, with its reason or its last line. */
function waiting(say: Say, child: Process, keptBy: () => string | undefined = () => undefined) {
  return (waitedMs: number) => {
    const why = keptBy() ?? lastWord(child);
    const text = `still starting after ${seconds(waitedMs)}`;
    say('note', child.name, why === undefined ? text : `${text}: ${why}`);
  };
}

/** A service refused its environment: no further attempt would help. */
export class WrongConfiguration extends SetupProblem {}

// The first line of what a service says then; each problem is a line below it.
const CONFIGURATION_WRONG = 'The configuration is not valid:';

function wrongConfiguration(child: Process): WrongConfiguration | undefined {
  const lines = child.tail();
  const at = lines.indexOf(CONFIGURATION_WRONG);
  if (at === -1) return undefined;
  const problems = lines.slice(at + 1).map((line) => line.trim());
  return new WrongConfiguration(
    `${child.name} rejects its configuration: ${problems.join('; ')}`,
    'correct these environment variables, or unset them',
  );
}

/** Where an instance answers `/healthz`, `/readyz` and `/metrics`. */
export function adminUrl({ adminPort }: Instance): string {
  return `http://${LOOPBACK}:${adminPort}`;
}

/** Runs the bootstrapper to its end; a failure is a `SetupProblem` with its last word. */
export async function runBootstrapper(context: LaunchContext, signal: AbortSignal): Promise<void> {
  const { name } = bootstrapper;
  const child = await spawnService(context, bootstrapper, name, {});
  const patience = { stillMs: BOOTSTRAP_STILL_MS, onWait: waiting(context.say, child) };
  const watch = watchProgress(child, patience);
  const either = AbortSignal.any([signal, watch.signal]);
  either.addEventListener('abort', () => void child.stop(), { once: true });
  if (either.aborted) await child.stop();
  const exit = await child.exited;
  watch.stop();
  signal.throwIfAborted();
  if (exit.code === 0) return;
  const wrong = wrongConfiguration(child);
  if (wrong !== undefined) throw wrong;
  const how = watch.signal.aborted ? watch.signal.reason : describeExit(exit);
  throw new SetupProblem(
    `${name} failed (${how}): ${lastWord(child, false) ?? 'it printed nothing'}`,
    `see ${context.data.logFile(name)}`,
  );
}

async function spawnService(
  { plan, data, say, showAll, servicesDir, environment, routed }: LaunchContext,
  row: ServiceRow,
  name: string,
  variables: Readonly<Record<string, string>>,
): Promise<Process> {
  const traces = plan.zipkinEndpoint
    ? { OTEL_EXPORTER_ZIPKIN_ENDPOINT: plan.zipkinEndpoint }
    : { OTEL_TRACES_EXPORTER: 'none' };
  let refused = false;
  const repeats = withoutRepeats((text) => say('line', name, text));
  const show = showAll ? (text: string) => say('line', name, text) : repeats.line;
  const child = await startProcess({
    name,
    command: process.execPath,
    args: [
      ...(row.nodeArgs ?? []),
      row.main === undefined ? join(servicesDir, row.name, 'main.ts') : join(root, row.main),
    ],
    cwd: root,
    env: {
      ...((plan.nats?.length ?? 0) > 1 && { STREAM_REPLICAS: String(plan.nats?.length) }),
      ...process.env,
      ...Object.fromEntries(row.needs.map((need) => [need, plan.addresses[need]])),
      ...(row.database && {
        [row.database.variable]: plan.ownDatabases[row.database.variable],
      }),
      ...routed.get(name),
      ...traces,
      OTEL_SERVICE_NAME: row.name,
      ...variables,
      ...environment[row.name],
    },
    logFile: data.logFile(name),
    onLine: (line) => {
      // Said once, in the problem that ends the start.
      refused ||= line === CONFIGURATION_WRONG;
      if (refused) return;
      const shown = shownLine(line, showAll);
      if (shown !== undefined) show(shown);
    },
  });
  void child.exited.then(repeats.end);
  return child;
}
