import { seconds } from './patience.ts';
import type { Instance, Plan } from './plan.ts';
import { LOOPBACK, portTaken } from './ports.ts';
import { SetupProblem } from './problem.ts';
import { commandName, portUser } from './proc.ts';
import { until } from './until.ts';

/** A port that something is to listen on. */
export interface WantedPort {
  readonly port: number;
  /** The process that needs it. */
  readonly what: string;
  /** What moves it elsewhere. */
  readonly variable: string;
}

export interface PortCheckOptions {
  /** Called once if a client's connection must end first. */
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for a client's connection to end, in milliseconds; default 15,000. */
  readonly clientMs?: number;
  /** Leave out ports that somebody listens on: their user reports that itself. */
  readonly onlyClients?: boolean;
}

const CLIENT_MS = 15_000;
const LOOK_MS = 200;

/** The ports of `plan`. Throws a `SetupProblem` if one is needed twice. */
export function wantedPorts(plan: Plan): readonly WantedPort[] {
  const wanted: readonly (readonly [number | undefined, string, string])[] = [
    [plan.sqlPort, 'PostgreSQL', 'SQL_PORT'],
    [plan.nats?.[0]?.port, 'NATS', 'NATS_PORT'],
    [plan.nats?.[0]?.monitorPort, 'the NATS monitor', 'NATS_MONITOR_PORT'],
    [plan.zipkinPort, 'Zipkin', 'ZIPKIN_PORT'],
  ];
  const all = wanted.flatMap(([port, what, variable]) =>
    port === undefined ? [] : [{ port, what, variable }],
  );
  const users = new Map<number, WantedPort>();
  for (const one of [...all, ...plan.instances.flatMap(portsOf)]) {
    const other = users.get(one.port);
    if (other !== undefined) {
      throw new SetupProblem(
        `${other.what} and ${one.what} cannot both use port ${one.port}`,
        `set ${one.variable} to another`,
      );
    }
    users.set(one.port, one);
  }
  return [...users.values()];
}

/** The ports of one instance of a service. */
export function portsOf({ name, row, port, adminPort }: Instance): readonly WantedPort[] {
  const admin = { what: `the admin of ${name}`, variable: 'ADMIN_PORT (the first of all)' };
  return [
    ...(port === undefined ? [] : [{ port, what: name, variable: row.serves?.variable ?? '' }]),
    { port: adminPort, ...admin },
  ];
}

/**
 * Throws a `SetupProblem` that names every port that is taken, with its holder as far as the
 * system tells, so that nothing starts in vain. A port above some 32,000 may be the local
 * end of a connection, chosen by the system: it waits for that to end.
 */
export async function checkPorts(
  wanted: readonly WantedPort[],
  { say, signal, clientMs = CLIENT_MS, onlyClients = false }: PortCheckOptions = {},
): Promise<void> {
  const found = async () => {
    const all = await Promise.all(wanted.map(takenBy));
    return all.filter((one) => one !== undefined).filter((one) => !onlyClients || isClient(one));
  };
  const passing = (all: readonly Taken[]) => all.every(isClient);
  let taken = await found();
  if (taken.length > 0 && passing(taken)) {
    say?.(`waiting up to ${seconds(clientMs)} for port ${taken.map(described).join(' and ')}`);
    const settled = async () => {
      taken = await found();
      // A connection that ends has no holder any more and is there for a moment.
      return taken.length === 0 || taken.some((one) => one.user !== undefined && !isClient(one));
    };
    const options = { what: 'the ports', deadlineMs: clientMs, everyMs: LOOK_MS };
    await until(settled, { ...options, ...(signal && { signal }) }).catch(() => {
      signal?.throwIfAborted();
    });
  }
  if (taken[0] === undefined) return;
  const list = taken.map(described);
  const variables = [...new Set(taken.map(({ variable }) => variable))].join(', ');
  const who = passing(taken) ? 'wait until that connection ends' : 'stop what listens there';
  throw new SetupProblem(
    list.length === 1
      ? `port ${list[0]} is in use`
      : ['these ports are in use:', ...list].join('\n  '),
    `${who}, or set ${variables} to other ports`,
  );
}

interface Taken extends WantedPort {
  /** The address on which it is. */
  readonly on: string;
  readonly user: ReturnType<typeof portUser>;
}

const isClient = ({ user }: Taken): boolean => user?.connectedTo !== undefined;

async function takenBy(wanted: WantedPort): Promise<Taken | undefined> {
  const { port, variable } = wanted;
  try {
    const on = await portTaken(port);
    if (on === undefined) return undefined;
    const user = portUser(port);
    // Its holder may have ended before this check.
    if (user === undefined && (await portTaken(port)) === undefined) return undefined;
    return { ...wanted, on, user };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') throw cause;
    throw new SetupProblem(
      `this user may not listen on port ${port}`,
      `set ${variable} to one above 1023`,
      { cause },
    );
  }
}

function described({ port, what, on, user }: Taken): string {
  const where = on === LOOPBACK ? '' : ` on ${on}, which is localhost, too`;
  const name =
    user?.pid === undefined ? 'somebody' : `${commandName(user.pid)}, process ${user.pid}`;
  const by =
    user?.connectedTo === undefined
      ? user?.pid === undefined
        ? ''
        : `, taken by ${name}`
      : `, taken by a connection of ${name} to ${user.connectedTo}`;
  return `${port}${where} (${what}${by})`;
}
