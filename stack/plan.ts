import { freePorts, LOOPBACK, portInUse } from './ports.ts';
import { databaseUrl } from './postgres.ts';
import { SetupProblem } from './problem.ts';
import {
  type AddressVariable,
  bootstrapper,
  databases,
  type ServiceRow,
  serverPorts,
  services,
} from './services.ts';

/** What is to run and where, decided before anything is started. */
export interface Plan {
  /** The services in starting order, one entry for each instance. */
  readonly instances: readonly Instance[];
  /** What each service may be told, whether ours or the user's. */
  readonly addresses: Readonly<Record<AddressVariable, string>>;
  /** Where spans go; undefined when they are not wanted. */
  readonly zipkinEndpoint: string | undefined;
  /** The ports of the servers to start; undefined: the user has one of his own. */
  readonly sqlPort: number | undefined;
  readonly nats: { readonly port: number; readonly monitorPort: number } | undefined;
  readonly zipkinPort: number | undefined;
}

/** One process of a service. */
export interface Instance {
  /** The service's name, with `-2` and so on for further ones. */
  readonly name: string;
  readonly row: ServiceRow;
  readonly adminPort: number;
  /** The port of its HTTP or gRPC server, when it has one. */
  readonly port: number | undefined;
}

export interface PlanOptions {
  readonly ports: 'standard' | 'free';
  /** Names from the table; default all. */
  readonly services?: readonly string[] | undefined;
  readonly instances?: Readonly<Record<string, number>> | undefined;
  readonly zipkin: boolean;
  /** The user's own servers and ports, by the services' variable names. */
  readonly own: NodeJS.ProcessEnv;
}

/** A variable that names a server already running means "use mine, start none". */
export async function makePlan({ ports, own, ...options }: PlanOptions): Promise<Plan> {
  const rows = chosenRows(options.services, own);
  const count = rows.reduce((sum, row) => sum + (options.instances?.[row.name] ?? 1), 0);
  const free = await freePorts(5 + 2 * count);
  const take = (standard: number | undefined): number => {
    const port = ports === 'standard' ? (standard ?? free.pop()) : free.pop();
    if (port === undefined) throw new Error('More ports were needed than had been counted.');
    return port;
  };

  const instances = rows.flatMap((row) =>
    Array.from({ length: options.instances?.[row.name] ?? 1 }, (_, index): Instance => {
      const { name, serves } = row;
      const first = index === 0;
      return {
        name: first ? name : `${name}-${index + 1}`,
        row,
        adminPort: take(first ? row.adminPort : undefined),
        port: serves && take(first ? ownPort(own, serves.variable, serves.port) : undefined),
      };
    }),
  );

  // One server holds all databases, and is started when any of them is not the user's.
  const sqlNeeded = bootstrapper.needs.some((name) => name in databases && !own[name]);
  const sqlPort = sqlNeeded ? take(serverPorts.sql) : undefined;
  const nats = own.NATS_URL
    ? undefined
    : { port: take(serverPorts.nats), monitorPort: take(serverPorts.natsMonitor) };
  const zipkinPort =
    options.zipkin && !own.OTEL_EXPORTER_ZIPKIN_ENDPOINT ? take(serverPorts.zipkin) : undefined;
  const eventstore = instances.find(({ row }) => row.serves?.variable === 'GRPC_PORT')?.port;
  const sql = (variable: keyof typeof databases) =>
    own[variable] || databaseUrl(sqlPort ?? serverPorts.sql, databases[variable]);
  return {
    instances,
    addresses: {
      EVENTSTORE_DATABASE_URL: sql('EVENTSTORE_DATABASE_URL'),
      ORDERS_DATABASE_URL: sql('ORDERS_DATABASE_URL'),
      PAYMENTS_DATABASE_URL: sql('PAYMENTS_DATABASE_URL'),
      SAGA_DATABASE_URL: sql('SAGA_DATABASE_URL'),
      NATS_URL: own.NATS_URL || `nats://${LOOPBACK}:${nats?.port}`,
      // With no event store among the services, where one would be.
      EVENTSTORE_ADDRESS: own.EVENTSTORE_ADDRESS || `${LOOPBACK}:${eventstore ?? take(50051)}`,
    },
    zipkinEndpoint:
      own.OTEL_EXPORTER_ZIPKIN_ENDPOINT ||
      (zipkinPort && `http://${LOOPBACK}:${zipkinPort}/api/v2/spans`) ||
      undefined,
    sqlPort,
    nats,
    zipkinPort,
  };
}

/**
 * Throws a `SetupProblem` that names every port somebody else listens on, so that
 * nothing is started in vain.
 */
export async function checkPorts(plan: Plan): Promise<void> {
  const wanted: readonly (readonly [number | undefined, string, string])[] = [
    [plan.sqlPort, 'PostgreSQL', 'set the *_DATABASE_URL variables to use it'],
    [plan.nats?.port, 'NATS', 'set NATS_URL to use it'],
    [plan.nats?.monitorPort, 'the NATS monitor', 'set NATS_URL to use that server'],
    [plan.zipkinPort, 'Zipkin', 'set OTEL_EXPORTER_ZIPKIN_ENDPOINT to use it'],
    ...plan.instances.flatMap(
      ({ name, row, port, adminPort }) =>
        [
          [port, name, `set ${row.serves?.variable} to another port`],
          [adminPort, `the admin of ${name}`, 'it has no other port'],
        ] as const,
    ),
  ];
  const taken = [];
  for (const [port, what, remedy] of wanted) {
    if (port !== undefined && (await portInUse(port))) taken.push({ port, what, remedy });
  }
  if (taken[0] === undefined) return;
  const list = taken.map(({ port, what }) => `${port} (${what})`).join(', ');
  const [noun, verb] = taken.length === 1 ? ['port', 'is'] : ['ports', 'are'];
  throw new SetupProblem(
    `${noun} ${list} ${verb} in use`,
    taken.length === 1
      ? `stop what listens there, or ${taken[0].remedy}`
      : 'stop what listens there; another make start, perhaps',
  );
}

function chosenRows(
  names: readonly string[] | undefined,
  own: NodeJS.ProcessEnv,
): readonly ServiceRow[] {
  const unknown = names?.filter((name) => !services.some((row) => row.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new SetupProblem(
      `there is no service ${unknown.join(', ')}`,
      `choose from: ${services.map(({ name }) => name).join(' ')}`,
    );
  }
  return services.filter(
    ({ name, serves }) =>
      (names === undefined || names.includes(name)) &&
      !(serves?.variable === 'GRPC_PORT' && own.EVENTSTORE_ADDRESS),
  );
}

function ownPort(own: NodeJS.ProcessEnv, variable: string, standard: number): number {
  const text = own[variable];
  if (text === undefined || text === '') return standard;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new SetupProblem(`${variable}=${text} is no port`, 'give a number from 1 to 65535');
}
