import { resolve } from 'node:path';
import { OPERATOR } from '../shared/contracts/rights/sql.ts';
import { personalDataByMode } from '../shared/personal-data/personal-setting.ts';
import { natsLogin } from './credentials/nats-logins.ts';
import { loginUrl } from './credentials/sql-logins.ts';
import { freePorts, LOOPBACK } from './ports.ts';
import { SetupProblem } from './problem.ts';
import {
  type AddressVariable,
  bootstrapper,
  databases,
  type ServiceRow,
  serverPorts,
  services,
} from './services.ts';

/** What will run and where, decided before anything starts. */
export interface Plan {
  /** All services that there are, chosen or not: each has its identity. */
  readonly rows: readonly ServiceRow[];
  /** The services in starting order, one entry for each instance. */
  readonly instances: readonly Instance[];
  /** The same by process, in starting order. */
  readonly processes: readonly ServiceProcess[];
  /** The addresses for each service, ours or the user's; our servers as the operator. Empty for keys where nothing is sealed. */
  readonly addresses: Readonly<Record<AddressVariable, string>>;
  /** How texts about customers are stored: PERSONAL_DATA, as it was given. */
  readonly personalData: string;
  /** Where services find the databases that are theirs alone, by variable. */
  readonly ownDatabases: Readonly<Record<string, string>>;
  /** The user's own ordersvc, when there is one. */
  readonly ordersUrl: string | undefined;
  /** Where spans go; undefined when they are not wanted, or go elsewhere. */
  readonly zipkinEndpoint: string | undefined;
  /** Whether spans go to a receiver of the user's, by OTLP. */
  readonly otlp: boolean;
  /** Where traces are shown. */
  readonly zipkinUrl: string | undefined;
  /** The ports of the servers to start; undefined: the user has one of his own. */
  readonly sqlPort: number | undefined;
  readonly nats: readonly NatsNode[] | undefined;
  readonly zipkinPort: number | undefined;
}

/** One server of NATS. */
export interface NatsNode {
  /** `NATS`, and `NATS-2` and so on for further ones. */
  readonly name: string;
  readonly port: number;
  readonly monitorPort: number;
  /** Its address in the cluster; undefined if it is alone. */
  readonly clusterPort: number | undefined;
}

/** A process with one instance, or with several of different services. */
export interface ServiceProcess {
  /** That of the instance where there is one. */
  readonly name: string;
  readonly instances: readonly [Instance, ...Instance[]];
}

/** One running service. */
export interface Instance {
  /** The service's name, with `-2` and so on for further ones. */
  readonly name: string;
  readonly row: ServiceRow;
  readonly adminPort: number;
  /** The port of its HTTP or gRPC server, when it has one. */
  readonly port: number | undefined;
}

export type ProcessForm = 'each' | 'few';

export interface PlanOptions {
  /** Where the stack keeps everything, and so the passwords of its databases; default `.data`. */
  readonly dataDir?: string | undefined;
  readonly ports: 'standard' | 'free';
  /** All services that there are; default the orders' own. */
  readonly rows?: readonly ServiceRow[] | undefined;
  /** Names from the table; default all. */
  readonly services?: readonly string[] | undefined;
  readonly instances?: Readonly<Record<string, number>> | undefined;
  /** A process for each service (the default), or few: those that can join one do. */
  readonly processes?: ProcessForm | undefined;
  /** Servers of NATS: 1 (the default), or 3 as a cluster. */
  readonly natsNodes?: number | undefined;
  readonly zipkin: boolean;
  /** The user's own servers and ports, by the services' variable names. */
  readonly own: NodeJS.ProcessEnv;
}

// The admin ports follow one another from the first; ADMIN_PORT names another first one.
const adminPorts = (rows: readonly ServiceRow[]) =>
  rows.flatMap(({ adminPort }) => adminPort ?? []);

const HIGHEST_PORT = 65_535;

/**
 * A variable that names a server already running means "use mine, start none". Blank is
 * unset, as for the tools that look for the stack by the same variables.
 */
export async function makePlan({ ports, own: given, ...options }: PlanOptions): Promise<Plan> {
  const own = Object.fromEntries(
    Object.entries(given).map(([name, text]) => [name, text?.trim() || undefined]),
  );
  const table = options.rows ?? services;
  const rows = chosenRows(table, options.services, own).filter(
    ({ name, watches }) => !watches || ports === 'standard' || options.services?.includes(name),
  );
  checkAddresses(own);
  const count = rows.reduce((sum, row) => sum + (options.instances?.[row.name] ?? 1), 0);
  const nodes = options.natsNodes ?? 1;
  const free = await freePorts(3 + 3 * nodes + 2 * count);
  const take = (standard: number | undefined): number => {
    const port = ports === 'standard' ? (standard ?? free.pop()) : free.pop();
    if (port === undefined) throw new Error('More ports were needed than had been counted.');
    return port;
  };

  const standardAdmin = Math.min(...adminPorts(table));
  const lastAdmin = Math.max(...adminPorts(table));
  const firstAdmin = ownPort(
    own,
    'ADMIN_PORT',
    standardAdmin,
    HIGHEST_PORT - (lastAdmin - standardAdmin),
  );
  const instances = rows.flatMap((row) =>
    Array.from({ length: options.instances?.[row.name] ?? 1 }, (_, index): Instance => {
      const { name, serves } = row;
      const first = index === 0;
      const admin = row.adminPort && row.adminPort - standardAdmin + firstAdmin;
      return {
        name: first ? name : `${name}-${index + 1}`,
        row,
        adminPort: take(first ? admin : undefined),
        port: serves && take(first ? ownPort(own, serves.variable, serves.port) : undefined),
      };
    }),
  );

  const personalData = own.PERSONAL_DATA ?? personalDataByMode(own.BIND_ADDRESS ?? LOOPBACK);
  const wanted = (name: AddressVariable) =>
    name in databases && (name !== 'PERSONAL_DATABASE_URL' || personalData === 'sealed');
  // One server holds all databases, and is started when any of them is not the user's.
  const sqlNeeded = bootstrapper.needs.some((name) => wanted(name) && !own[name]);
  const sqlPort = sqlNeeded ? take(ownPort(own, 'SQL_PORT', serverPorts.sql)) : undefined;
  const nats = own.NATS_URL
    ? undefined
    : Array.from({ length: nodes }, (_, index): NatsNode => {
        const first = index === 0;
        const { nats: port, natsMonitor } = serverPorts;
        return {
          name: first ? 'NATS' : `NATS-${index + 1}`,
          port: take(first ? ownPort(own, 'NATS_PORT', port) : undefined),
          monitorPort: take(first ? ownPort(own, 'NATS_MONITOR_PORT', natsMonitor) : undefined),
          clusterPort: nodes === 1 ? undefined : take(undefined),
        };
      });
  const otlp = own.OTEL_TRACES_EXPORTER === 'otlp';
  const zipkinPort =
    options.zipkin && !otlp && !own.OTEL_EXPORTER_ZIPKIN_ENDPOINT && !own.ZIPKIN_URL
      ? take(ownPort(own, 'ZIPKIN_PORT', serverPorts.zipkin))
      : undefined;
  const eventStores = instances.flatMap(({ row, port }) =>
    row.serves?.variable === 'GRPC_PORT' ? [`${LOOPBACK}:${port}`] : [],
  );
  const dataDir = resolve(options.dataDir ?? resolve(import.meta.dirname, '../.data'));
  const urlOf = (variable: string, name: string, role = OPERATOR) =>
    own[variable] || loginUrl(dataDir, sqlPort ?? serverPorts.sql, name, role);
  const sql = (variable: keyof typeof databases) => urlOf(variable, databases[variable]);
  return {
    rows: table,
    instances,
    personalData,
    processes: processesOf(instances, options.processes ?? 'each'),
    addresses: {
      EVENTSTORE_DATABASE_URL: sql('EVENTSTORE_DATABASE_URL'),
      ORDERS_DATABASE_URL: sql('ORDERS_DATABASE_URL'),
      PAYMENTS_DATABASE_URL: sql('PAYMENTS_DATABASE_URL'),
      SAGA_DATABASE_URL: sql('SAGA_DATABASE_URL'),
      PERSONAL_DATABASE_URL: wanted('PERSONAL_DATABASE_URL')
        ? sql('PERSONAL_DATABASE_URL')
        : (own.PERSONAL_DATABASE_URL ?? ''),
      NATS_URL:
        own.NATS_URL ||
        (nats ?? []).map(({ port }) => natsLogin(dataDir, port, OPERATOR)).join(','),
      // The address of an event store, even if none is among the services.
      EVENTSTORE_ADDRESS:
        own.EVENTSTORE_ADDRESS || eventStores.join(',') || `${LOOPBACK}:${take(50051)}`,
    },
    ownDatabases: Object.fromEntries(
      rows.flatMap(({ database }) =>
        database === undefined
          ? []
          : [[database.variable, urlOf(database.variable, database.name, database.owner)]],
      ),
    ),
    ordersUrl: own.ORDERS_URL && base(own.ORDERS_URL),
    ...zipkinAddresses(own, zipkinPort),
    ...(otlp && { zipkinEndpoint: undefined }),
    otlp,
    sqlPort,
    nats,
    zipkinPort,
  };
}

/** Further instances of a service have processes of their own. */
function processesOf(instances: readonly Instance[], form: ProcessForm): readonly ServiceProcess[] {
  const nameOf = ({ name, row }: Instance) =>
    form === 'few' && name === row.name ? (row.joins ?? name) : name;
  return [...Map.groupBy(instances, nameOf)].flatMap(([name, [first, ...others]]) => {
    if (first === undefined) return [];
    // One that is alone needs no other name.
    return { name: others.length === 0 ? first.name : name, instances: [first, ...others] };
  });
}

/** One server shows traces and receives spans, unless both are named. */
function zipkinAddresses(
  { OTEL_EXPORTER_ZIPKIN_ENDPOINT: endpoint, ZIPKIN_URL: page }: NodeJS.ProcessEnv,
  port: number | undefined,
): Pick<Plan, 'zipkinEndpoint' | 'zipkinUrl'> {
  const ours = port === undefined ? undefined : `http://${LOOPBACK}:${port}`;
  const url = page === undefined ? undefined : base(withoutLogin(page));
  const server = url ?? ours;
  const zipkinEndpoint = endpoint ?? (server && `${server}/api/v2/spans`);
  return { zipkinEndpoint, zipkinUrl: server ?? (endpoint && new URL(endpoint).origin) };
}

/** Without a slash at its end. */
const base = (url: string): string => url.replace(/\/+$/, '');

/** What is shown, and asked by people: a browser asks them who they are. */
function withoutLogin(url: string): string {
  const { username, password } = new URL(url);
  return username || password
    ? Object.assign(new URL(url), { username: '', password: '' }).href
    : url;
}

function chosenRows(
  table: readonly ServiceRow[],
  names: readonly string[] | undefined,
  own: NodeJS.ProcessEnv,
): readonly ServiceRow[] {
  const unknown = names?.filter((name) => !table.some((row) => row.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new SetupProblem(
      `there is no service ${unknown.join(', ')}`,
      `choose from: ${table.map(({ name }) => name).join(' ')}`,
    );
  }
  return table.filter(
    ({ name, serves }) =>
      (names === undefined || names.includes(name)) &&
      !(serves?.variable === 'GRPC_PORT' && own.EVENTSTORE_ADDRESS) &&
      !(serves?.variable === 'HTTP_PORT' && own.ORDERS_URL),
  );
}

function ownPort(
  own: NodeJS.ProcessEnv,
  variable: string,
  standard: number,
  highest = HIGHEST_PORT,
): number {
  const text = own[variable]?.trim();
  if (text === undefined || text === '') return standard;
  // As the services read them: 0x10 and 1e3 are no port numbers.
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port <= highest) return port;
  const wrong =
    port > highest && port <= HIGHEST_PORT ? 'leaves no ports for the others' : 'is not a port';
  throw new SetupProblem(`${variable}=${text} ${wrong}`, `give a number from 1 to ${highest}`);
}

/** The variables that are used here; the services validate the others. */
function checkAddresses(own: NodeJS.ProcessEnv): void {
  for (const [variable, example] of [
    ['OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'http://127.0.0.1:9411/api/v2/spans'],
    ['ZIPKIN_URL', 'http://127.0.0.1:9411'],
    ['ORDERS_URL', 'http://127.0.0.1:3000'],
  ] as const) {
    const address = own[variable];
    if (!address || /^https?:$/.test(URL.parse(address)?.protocol ?? '')) continue;
    throw new SetupProblem(
      `${variable}=${address} is not an address`,
      `give one such as ${example}, or unset it`,
    );
  }
}
