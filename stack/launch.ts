import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { EVENT_STORE } from '../shared/contracts/rights/identities.ts';
import type { StreamUse } from '../shared/contracts/rights/nats.ts';
import { BOOTSTRAPPER } from '../shared/contracts/rights/sql.ts';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { type CredentialsFolder, randomSecret } from '../shared/credentials/credentials-folder.ts';
import { httpVariables } from '../shared/credentials/http-keys.ts';
import { tlsVariables } from '../shared/credentials/leaves.ts';
import { usesOf, writeNatsConf } from '../shared/credentials/nats-keys.ts';
import type { GrpcRights } from '../shared/eventstore/grpc/store-rights.ts';
import { readSqlUrl } from '../shared/kit/process/address/sql-url.ts';
import { environmentOf, ownVariable, variablesOf } from '../shared/kit/process/own-environment.ts';
import { serviceEnvironment } from './child-environment.ts';
import { clusterConf, natsLoginAs } from './credentials/nats-logins.ts';
import { loginAs, makePasswords } from './credentials/sql-logins.ts';
import type { DataFolder } from './data-folder.ts';
import { startNats } from './nats.ts';
import { seconds, watchProgress } from './patience.ts';
import type { Instance, NatsNode, Plan, ServiceProcess } from './plan.ts';
import { checkPorts, portsOf } from './port-check.ts';
import { LOOPBACK } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { SetupProblem } from './problem.ts';
import { describeExit, lastWord, type Process, startProcess, untilReady } from './process.ts';
import { readiness } from './readyz.ts';
import { withoutRepeats } from './repeats.ts';
import { shownLine } from './service-lines.ts';
import { type AddressVariable, bootstrapper, joined, type ServiceRow } from './services.ts';
import { watchVariables } from './watching.ts';
import { startZipkin } from './zipkin.ts';

/** A word about one process: it is ready, something to know, trouble, or its own line. */
export type Say = (kind: 'ready' | 'note' | 'trouble' | 'line', name: string, text: string) => void;

/** What every start needs to know. */
export interface LaunchContext {
  readonly plan: Plan;
  readonly data: DataFolder;
  readonly credentials: CredentialsFolder;
  readonly say: Say;
  readonly durable: boolean;
  /** Show all that the services write, not only warnings and worse. */
  readonly showAll: boolean;
  /** Where `<service>/main.ts` is found. */
  readonly servicesDir: string;
  /** What further identities do on NATS. */
  readonly natsUses: Readonly<Record<string, StreamUse>>;
  /** Further variables for a service, by its name. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Of programs that the orders do not know. */
  readonly rights: Readonly<Record<string, GrpcRights>> | undefined;
  /** How long a service that starts may stand still, in milliseconds. */
  readonly stillMs: number;
  /** The environment of the instance of this name, where it differs from the plan. */
  readonly routed: ReadonlyMap<string, Partial<Record<AddressVariable, string>>>;
}

/** Starts something and resolves once it is ready; leaves nothing when it rejects. */
export type Launch = (signal: AbortSignal) => Promise<Process>;

const root = resolve(import.meta.dirname, '..');
/** Where Node keeps compiled sources from start to start. Of no effect if it cannot be written. */
const COMPILE_CACHE = join(root, 'node_modules/.cache/compile');
const BOOTSTRAP_STILL_MS = 60_000;

export function launchPostgres(context: LaunchContext, port: number): Launch {
  const { data, durable, say } = context;
  return async (signal) => {
    passwords(context);
    const line = context.credentials.read('sql', `${BOOTSTRAPPER}.pgpass`).trim();
    const password = line.slice(line.lastIndexOf(':') + 1);
    const dataDir = data.folder('postgres');
    const logFile = data.logFile('PostgreSQL');
    const server = await startPostgres({
      dataDir,
      port,
      durable,
      owner: { name: BOOTSTRAPPER, password },
      logFile,
      onProgress: (line) => say('note', 'PostgreSQL', line),
      signal,
    });
    return server.process;
  };
}

/** The folder of the passwords of our databases, which are made where they are missing. */
function passwords({ plan, credentials }: LaunchContext): string {
  return makePasswords(
    credentials,
    ownedDatabases(plan).map(({ owner }) => owner),
  );
}

/** Databases beside the documented ones, on our server. */
const ownedDatabases = ({ instances, ownDatabases }: Plan) =>
  instances.flatMap(({ row: { database } }) =>
    database && readSqlUrl(ownDatabases[database.variable] ?? '')?.url.username === database.owner
      ? [database]
      : [],
  );

export function launchNats(context: LaunchContext, node: NatsNode): Launch {
  const { data, say, plan } = context;
  return async (signal) => {
    const { name, port, monitorPort, clusterPort } = node;
    configureNats(context);
    const server = await startNats({
      name,
      port,
      monitorPort,
      configuration: natsFile(context, node),
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

/**
 * Writes what our servers of NATS are to know of identities, with the public keys that
 * `former` has beside the current ones, which it returns. A running server reads it at SIGHUP.
 */
export function configureNats(
  context: LaunchContext,
  former?: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const { plan, credentials, environment, natsUses } = context;
  const uses = usesOf(plan.rows, natsUses);
  const streams = (environment.eventstoresvc?.STREAMS ?? process.env.STREAMS ?? ORDERS_STREAM)
    .split(',')
    .map((name) => name.trim());
  let current: ReadonlyMap<string, readonly string[]> = new Map();
  for (const node of plan.nats ?? []) {
    const options = { credentials, uses, streams, file: natsFile(context, node) };
    const include = node.clusterPort && routesOf(context, node, node.clusterPort);
    current = writeNatsConf({ ...options, ...(former && { former }), ...(include && { include }) });
  }
  return current;
}

/** How long a key that was replaced still counts, in milliseconds. */
const FORMER_KEYS_MS = 5_000;

/**
 * What takes the keys as they lie in the files now. Those of before count for a moment beside
 * them: who has connected with one goes on until then, and connects again with the new one.
 */
export function natsKeys(
  context: LaunchContext,
  reload: () => void,
  signal: AbortSignal,
): () => Promise<void> {
  let current = configureNats(context);
  return async () => {
    const former = current;
    current = configureNats(context, former);
    reload();
    await delay(FORMER_KEYS_MS, undefined, { signal, ref: false });
    configureNats(context);
    reload();
  };
}

const natsFile = ({ data }: LaunchContext, { name }: NatsNode): string =>
  join(data.path, `${name.toLowerCase()}.conf`);

/** Writes what the servers of the cluster say to each other; by its path from the data folder. */
function routesOf({ plan, credentials }: LaunchContext, { name }: NatsNode, port: number): string {
  const password = credentials.once(['nats', 'routes.password'], randomSecret);
  const { others } = clusterOf(plan, port);
  const file = `${name.toLowerCase()}.routes`;
  const text = clusterConf(port, others, readFileSync(password, 'utf8'));
  writeFileSync(credentials.file('nats', file), text, { mode: 0o600 });
  return join('credentials', 'nats', file);
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

export function launchService(context: LaunchContext, wanted: ServiceProcess): Launch {
  const { stillMs } = context;
  return async (signal) => {
    const { name, instances } = wanted;
    // Once it was away the system may have given its port to a client, one of ours perhaps.
    const say = (text: string) => context.say('note', name, text);
    await checkPorts(instances.flatMap(portsOf), { say, signal, onlyClients: true });
    const child = await spawnService(context, wanted);
    let keptBy: string | undefined;
    const ready = async (look: AbortSignal) => {
      const all = await Promise.all(
        instances.map((one) => readiness(`${adminUrl(one)}/readyz`, look)),
      );
      keptBy = all.find((one) => !one.ready)?.keptBy;
      return all.every((one) => one.ready);
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
  const { plan, servicesDir, environment } = context;
  const main = join(servicesDir, name, 'main.ts');
  const owned = ownedDatabases(plan).map(({ name, owner }) => `${name}=${owner}`);
  const child = await spawnNode(context, name, [main], {
    ...(await usersFor(context, bootstrapper)),
    ...addressesFor(plan, bootstrapper),
    ...(plan.sqlPort !== undefined && {
      SQL_PASSFILES: passwords(context),
      OWNED_DATABASES: [...new Set(owned)].join(','),
    }),
    OTEL_SERVICE_NAME: name,
    ...environment[name],
  });
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

const hasEventStore = (plan: Plan) => plan.instances.some(({ row }) => row.name === EVENT_STORE);

/** Whose certificates the processes of `plan` have: a service's, or that of those who share one. */
export const certified = (plan: Plan): readonly string[] =>
  hasEventStore(plan) ? plan.processes.map(identityOf) : [];

/** Instances of one service are the same to others. */
const identityOf = ({ name, instances }: ServiceProcess): string =>
  instances.length === 1 ? instances[0].row.name : name;

/**
 * The variables for one service beside those of the user: what is added here only this service
 * is told.
 */
function environmentFor(
  context: LaunchContext,
  { name, row, port, adminPort }: Instance,
  identity: string,
  read: readonly string[],
): NodeJS.ProcessEnv {
  const { plan, environment, routed, credentials, rights } = context;
  return {
    // Only who reads them: who checks tokens, or makes ids.
    ...only(read, httpVariables(credentials, process.env)),
    ...(row.watches && watchVariables(context, row.name)),
    // An event store of the user's knows no certificates of ours.
    ...(hasEventStore(plan) && tlsVariables(credentials.path, identity)),
    ...(row.name === EVENT_STORE && rights && { GRPC_RIGHTS: JSON.stringify(rights) }),
    ...addressesFor(plan, row, { natsIdentity: identity, routed: routed.get(name) }),
    OTEL_SERVICE_NAME: row.name,
    ADMIN_PORT: String(adminPort),
    ...(row.serves && { [row.serves.variable]: String(port) }),
    ...(row.needs.includes('PERSONAL_DATABASE_URL') && { PERSONAL_DATA: plan.personalData }),
    ...environment[row.name],
  };
}

interface Told {
  /** Services of one process share their connection, and so their identity. */
  readonly natsIdentity?: string;
  readonly routed?: Partial<Record<AddressVariable, string>> | undefined;
}

/** Where a service finds the others, with its own login. */
function addressesFor(
  plan: Plan,
  row: ServiceRow,
  { natsIdentity = row.name, routed = {} }: Told = {},
): NodeJS.ProcessEnv {
  const addresses = row.needs.map((need) => {
    const address = routed[need] ?? plan.addresses[need];
    const login =
      need === 'NATS_URL' ? natsLoginAs(address, natsIdentity) : loginAs(address, row.name);
    return [need, login];
  });
  return {
    ...Object.fromEntries(addresses),
    ...(row.database && { [row.database.variable]: plan.ownDatabases[row.database.variable] }),
  };
}

/** What the user set of what this service reads, its own form first; and what the plan sets for any that reads it. */
async function usersFor(context: LaunchContext, row: ServiceRow): Promise<NodeJS.ProcessEnv> {
  const { plan, servicesDir } = context;
  const nodes = plan.nats?.length ?? 0;
  const traces = plan.zipkinEndpoint
    ? { OTEL_EXPORTER_ZIPKIN_ENDPOINT: plan.zipkinEndpoint }
    : !plan.otlp && { OTEL_TRACES_EXPORTER: 'none' };
  const set: NodeJS.ProcessEnv = {
    ...(nodes > 1 && { STREAM_REPLICAS: String(nodes) }),
    ...environmentOf(row.name, process.env),
    ...traces,
  };
  return only(await variablesFor(row, servicesDir), set);
}

const only = (names: readonly string[], set: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(names.flatMap((name) => (name in set ? [[name, set[name]]] : [])));

/** The variables that a service reads. A stand-in without a `config.ts` is told nothing of the user's. */
async function variablesFor(row: ServiceRow, servicesDir: string): Promise<readonly string[]> {
  if (row.variables !== undefined) return row.variables;
  const file = join(servicesDir, row.name, 'config.ts');
  if (!existsSync(file)) return [];
  const { schema } = await import(pathToFileURL(file).href);
  return variablesOf(schema);
}

async function spawnService(context: LaunchContext, wanted: ServiceProcess): Promise<Process> {
  const { name, instances } = wanted;
  const [first, ...others] = instances;
  const { servicesDir } = context;
  const told = await Promise.all(
    instances.map(async (one) => ({
      service: one.row.name,
      users: await usersFor(context, one.row),
      ours: environmentFor(
        context,
        one,
        identityOf(wanted),
        await variablesFor(one.row, servicesDir),
      ),
    })),
  );
  if (others.length === 0) {
    const { row } = first;
    const main =
      row.main === undefined ? join(servicesDir, row.name, 'main.ts') : join(root, row.main);
    const variables = Object.assign({}, ...told.flatMap(({ users, ours }) => [users, ours]));
    return spawnNode(context, name, [...(row.nodeArgs ?? []), main], variables);
  }
  const own = told.flatMap(({ service, users, ours }) =>
    Object.entries({ ...users, ...ours }).map(([key, value]) => [ownVariable(service, key), value]),
  );
  const { nodeArgs } = joined[first.row.joins ?? 'workers'];
  const args = [
    ...nodeArgs,
    join(servicesDir, 'together.ts'),
    ...instances.map(({ row }) => row.name),
  ];
  // The process has a few words of its own.
  const { LOG_LEVEL } = process.env;
  return spawnNode(context, name, args, { LOG_LEVEL, ...Object.fromEntries(own) });
}

async function spawnNode(
  { data, say, showAll }: LaunchContext,
  name: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<Process> {
  let refused = false;
  const repeats = withoutRepeats((text) => say('line', name, text));
  const show = showAll ? (text: string) => say('line', name, text) : repeats.line;
  const child = await startProcess({
    name,
    command: process.execPath,
    args,
    cwd: root,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...serviceEnvironment(), ...variables },
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
