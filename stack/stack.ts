import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { EVENT_STORE, OPERATOR, uriOf } from '../shared/contracts/rights/identities.ts';
import type { StreamUse } from '../shared/contracts/rights/nats.ts';
import { credentialsFolder } from '../shared/credentials/credentials-folder.ts';
import { makeHttpKeys } from '../shared/credentials/http-keys.ts';
import { keepLeaves, leafFiles } from '../shared/credentials/leaves.ts';
import type { GrpcRights } from '../shared/eventstore/grpc/store-rights.ts';
import { type ClientTls, clientTls } from '../shared/kit/transport/tls/channel-credentials.ts';
import { followCredentials } from './credentials/following.ts';
import { openDataFolder } from './data-folder.ts';
import {
  adminUrl,
  certified,
  type Launch,
  type LaunchContext,
  launchNats,
  launchPostgres,
  launchService,
  launchZipkin,
  natsKeys,
  runBootstrapper,
  type Say,
  WrongConfiguration,
  ZipkinMissing,
} from './launch.ts';
import { endOrphans } from './orphans.ts';
import { makePlan, type ProcessForm } from './plan.ts';
import { checkPorts, wantedPorts } from './port-check.ts';
import { LOOPBACK } from './ports.ts';
import { describeProblem } from './problem.ts';
import { watchReadiness } from './readiness.ts';
import { type Route, routeAll } from './route.ts';
import { type AddressVariable, bootstrapper, type ServiceRow } from './services.ts';
import { staggered } from './staggered.ts';
import { type Supervisor, supervise } from './supervisor.ts';

/** How the stack is to be started. Only the data folder is needed. */
export interface StackOptions {
  /** Everything that is kept lies here: the log, the streams, the services' output. */
  readonly dataDir: string;
  /** The documented ports, or (default) free ones. */
  readonly ports?: 'standard' | 'free';
  /** All services that there are, instead of the orders' own. */
  readonly rows?: readonly ServiceRow[] | undefined;
  /** Names of services; default all. The servers and the bootstrapper always run. */
  readonly services?: readonly string[] | undefined;
  /** How many processes of a service; default one each. */
  readonly instances?: Readonly<Record<string, number>>;
  /** A process for each service (the default), or few: the workers in one. */
  readonly processes?: ProcessForm;
  /** Servers of NATS: 1 (the default), or 3 as a cluster that keeps three copies. */
  readonly natsNodes?: number;
  /** Leads instances of services to other addresses, such as a faulty wire's. */
  readonly route?: Route;
  /** Default true. It is never waited for. */
  readonly zipkin?: boolean;
  /** Whether acknowledged commits are on disk; default true, tests say false. */
  readonly durable?: boolean;
  /** Further variables for a service, by its name (not the instance's). */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Rights at the event store of programs that the orders do not know, by name; each gets a certificate. */
  readonly rights?: Readonly<Record<string, GrpcRights>> | undefined;
  /** Variables that name servers of the user's, to be used instead of our own. */
  readonly own?: NodeJS.ProcessEnv;
  readonly say?: Say;
  /** Show all that the services write, and not only what is a warning or worse. */
  readonly showAll?: boolean;
  /** How long the certificates of our programs count, in milliseconds; default twelve hours. Half of it is left when they are renewed. */
  readonly leafMs?: number | undefined;
  /** Aborting it gives the start up; what was started has then been stopped. */
  readonly signal?: AbortSignal;
  /** What further identities do on NATS, each with a key of its own; default: there are no others. */
  readonly natsUses?: Readonly<Record<string, StreamUse>>;
  /** Where `<service>/main.ts` is found; default the project's `services/`. */
  readonly servicesDir?: string;
  /** How long a service that starts may stand still, in milliseconds; default 30,000. */
  readonly stillMs?: number;
}

/** The running stack. */
export interface Stack {
  /** Of ordersvc, ours or the user's; undefined when it is not among the services. */
  readonly httpUrl: string | undefined;
  /** Where people begin there. */
  readonly httpPath: string;
  /** NATS, the event store's gRPC and the databases, by variable name. */
  readonly addresses: Readonly<Record<AddressVariable, string>>;
  /** The folder of the credentials of this stack. */
  readonly credentialsDir: string;
  /** How a program with this name shows itself to the event store, by default the operator; undefined if the store is the user's. */
  readonly eventStoreTls: (name?: string) => ClientTls | undefined;
  /** Of our ordersvc, one of each instance. */
  readonly httpUrls: readonly string[];
  /** Undefined when NATS is the user's; of the first server where there are three. */
  readonly natsMonitorUrl: string | undefined;
  /** The address of Zipkin, ours or the user's, whether or not it has come up. */
  readonly zipkinUrl: string | undefined;
  /** True once Zipkin takes spans, false when there will be none. Never rejects. */
  readonly zipkinReady: Promise<boolean>;
  /** Where each instance serves HTTP or gRPC, by its name. */
  readonly ports: Readonly<Record<string, number | undefined>>;
  /** The admin address of each instance, by its name. */
  readonly adminUrls: Readonly<Record<string, string>>;
  /** The names of the services' processes, in starting order. */
  readonly processes: readonly string[];
  /**
   * One process by its name: `PostgreSQL`, `NATS`, `Zipkin`, a service, or a
   * further instance (`paymentworker-2`, `NATS-2`). Of services that share a process, each
   * names it, and so does its own name, `workers`. Throws for an unknown name.
   */
  readonly unit: (name: string) => Supervisor;
  /** Sends a signal; what dies of it is started again. Default SIGKILL. */
  readonly kill: (name: string, signal?: NodeJS.Signals) => void;
  /** Runs the bootstrapper again, as before an upgrade, and resolves at its end; rejects with its last word. */
  readonly bootstrap: () => Promise<void>;
  /** Stops it in order and resolves when it is ready again. */
  readonly restart: (name: string) => Promise<void>;
  /**
   * Stops the services, last first, then the servers; after 20 seconds whatever is
   * left is killed. May be called twice.
   */
  readonly stop: () => Promise<void>;
}

const STOP_MS = 20_000;

// A service may lose a race for a port, or on a busy machine the answer it waits for, while
// all start; half a minute lies between the first attempt and the last.
const SERVICE_ATTEMPTS = 6;
const SERVICE_STILL_MS = 30_000;

// While one waits for an answer, as many others work as there are processors. More would
// only make each of them later. An instance needs only those that stand before it.
const STARTING_AT_ONCE = availableParallelism() + 1;

/**
 * Starts PostgreSQL and NATS, runs the bootstrapper, starts the services, and
 * resolves when all are ready. What a killed stack left running in the folder is ended
 * first. From then on whatever dies is started again. When
 * anything fails to start, all that was started is stopped before this rejects;
 * what the user can fix is a `SetupProblem`.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports = 'free', zipkin = true, own = {}, say = () => {} } = options;
  const plan = await makePlan({ ...options, ports, zipkin, own });
  const data = await openDataFolder(options.dataDir);
  let routed: LaunchContext['routed'];
  try {
    // What a killed run left here may hold the ports.
    await endOrphans(data.path, (text) => say('note', 'stack', text), {
      signal: options.signal,
    });
    await checkPorts(wantedPorts(plan), {
      say: (text) => say('note', 'stack', text),
      signal: options.signal,
    });
    routed = await routeAll(plan, options.route);
  } catch (error) {
    data.release();
    throw error;
  }
  const giveUp = new AbortController();
  const credentials = credentialsFolder(data.credentials);
  makeHttpKeys(credentials, plan.sqlPort === undefined || existsSync(data.folder('postgres')));
  const context: LaunchContext = {
    plan,
    data,
    credentials,
    say,
    durable: options.durable ?? true,
    showAll: options.showAll ?? false,
    servicesDir: options.servicesDir ?? resolve(import.meta.dirname, '../services'),
    natsUses: options.natsUses ?? {},
    environment: options.environment ?? {},
    rights: options.rights,
    stillMs: options.stillMs ?? SERVICE_STILL_MS,
    routed,
  };

  const units: Supervisor[] = [];
  const add = (name: string, where: string, launch: Launch, startAttempts = 1) => {
    // A unit added while the others are being stopped would outlive them.
    giveUp.signal.throwIfAborted();
    const unit = supervise({
      name,
      startAttempts,
      ...(startAttempts > 1 && { firstFailureDelayMs: context.stillMs / 30 }),
      worthAnother: (error) => !(error instanceof WrongConfiguration),
      launch: async (signal) => {
        const child = await launch(signal);
        context.data.recordPid(child);
        return child;
      },
      onReady: (tookMs) => say('ready', name, `ready in ${Math.round(tookMs)} ms  ${where}`),
      onRestart: (what, inMs) => say('trouble', name, `${what}; starts again in ${inMs} ms`),
    });
    units.push(unit);
    return unit;
  };

  let stopping: Promise<void> | undefined;
  const stop = () => {
    giveUp.abort(options.signal?.reason);
    stopping ??= stopInOrder(units).finally(context.data.release);
    return stopping;
  };
  const stopEarly = () => void stop();
  options.signal?.addEventListener('abort', stopEarly, { once: true });

  const { sqlPort, nats, zipkinPort } = plan;
  let zipkinReady = Promise.resolve(plan.zipkinEndpoint !== undefined);
  try {
    options.signal?.throwIfAborted();
    if (certified(plan).length > 0) {
      const named = [...certified(plan), ...Object.keys(options.rights ?? {})];
      const { leafMs } = options;
      await keepLeaves(credentials, named, giveUp.signal, { ...(leafMs && { leafMs }) });
    }
    if (zipkinPort !== undefined) {
      const page = `http://${LOOPBACK}:${zipkinPort}/zipkin`;
      zipkinReady = optional(add('Zipkin', page, launchZipkin(context, zipkinPort)), say);
    }
    const servers: Supervisor[] = [];
    if (sqlPort !== undefined) {
      servers.push(add('PostgreSQL', `port ${sqlPort}`, launchPostgres(context, sqlPort)));
    }
    for (const node of nats ?? []) {
      const where = `port ${node.port}, monitor ${node.monitorPort}`;
      servers.push(add(node.name, where, launchNats(context, node)));
    }
    await Promise.all(servers.map((server) => server.start()));
    await runBootstrapper(context, giveUp.signal);
    say('ready', bootstrapper.name, 'done: databases, schemas and streams are there');
    await staggered(STARTING_AT_ONCE, plan.processes, async (wanted) => {
      const { name, instances } = wanted;
      const ports = instances.flatMap(({ port }) => (port === undefined ? [] : `port ${port}, `));
      const admins = instances.map(({ adminPort }) => adminPort).join(', ');
      const where = `${ports.join('')}admin ${admins}`;
      await add(name, where, launchService(context, wanted), SERVICE_ATTEMPTS).start();
    });
    giveUp.signal.throwIfAborted();
    followCredentials({
      credentials: context.credentials,
      apply: {
        ...(nats && { nats: natsKeys(context, () => reload(units, nats), giveUp.signal) }),
        ...(sqlPort !== undefined && { sql: () => runBootstrapper(context, giveUp.signal) }),
      },
      onFailure: (error) => say('trouble', 'credentials', describeProblem(error)),
      signal: giveUp.signal,
    });
    watchReadiness(plan.instances, say, giveUp.signal);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stopEarly);
  }

  const unit = (name: string) => {
    const process = plan.processes.find(({ instances }) =>
      instances.some((one) => one.name === name),
    );
    const found = units.find((one) => one.name === (process?.name ?? name));
    if (found === undefined) throw new Error(`The stack runs no ${name}.`);
    return found;
  };
  const httpUrls = plan.instances
    .filter(({ row }) => row.serves?.variable === 'HTTP_PORT')
    .map(({ port }) => `http://${LOOPBACK}:${port}`);
  return {
    httpUrl: plan.ordersUrl ?? httpUrls[0],
    httpUrls,
    httpPath: plan.instances.find(({ row }) => row.serves?.path)?.row.serves?.path ?? '/api/orders',
    addresses: plan.addresses,
    credentialsDir: credentials.path,
    eventStoreTls: (name = OPERATOR) =>
      clientTls(
        certified(plan).length > 0 ? leafFiles(credentials.path, name) : undefined,
        uriOf(EVENT_STORE),
      ),
    natsMonitorUrl: nats && `http://${LOOPBACK}:${nats[0]?.monitorPort}`,
    zipkinUrl: plan.zipkinUrl,
    zipkinReady,
    ports: Object.fromEntries(plan.instances.map(({ name, port }) => [name, port])),
    processes: plan.processes.map(({ name }) => name),
    adminUrls: Object.fromEntries(plan.instances.map((one) => [one.name, adminUrl(one)])),
    unit,
    kill: (name, signal = 'SIGKILL') => unit(name).kill(signal),
    bootstrap: () => runBootstrapper(context, giveUp.signal),
    restart: async (name) => {
      await unit(name).stop();
      await unit(name).start();
    },
    stop,
  };
}

/** The servers read their configuration again. */
function reload(units: readonly Supervisor[], nodes: readonly { readonly name: string }[]): void {
  for (const { name } of nodes) units.find((unit) => unit.name === name)?.kill('SIGHUP');
}

/** Starts what the stack can do without; says why when it does not come up. */
async function optional(unit: Supervisor, say: Say): Promise<boolean> {
  try {
    await unit.start();
    return true;
  } catch (error) {
    const known = error instanceof ZipkinMissing || (error as Error).name === 'AbortError';
    if (!known) say('note', unit.name, `no traces: ${describeProblem(error)}`);
    return false;
  }
}

/** The units stand in starting order: the servers first, which the services need to the end. */
async function stopInOrder(units: readonly Supervisor[]): Promise<void> {
  const killAll = setTimeout(() => {
    for (const unit of units) unit.kill('SIGKILL');
  }, STOP_MS);
  try {
    for (const unit of units.toReversed()) await unit.stop();
  } finally {
    clearTimeout(killAll);
  }
}
