/** What a program finds in its environment. No secret: those lie in files, which it names. */
import type { z } from 'zod';
import { isSecret } from '../shared/kit/process/setting.ts';
import { SetupProblem } from '../stack/problem.ts';
import { databases, type ServiceRow, serverPorts } from '../stack/services.ts';
import {
  CREDENTIALS,
  NATS_NODES,
  NATS_RELEASE,
  natsPorts,
  SQL_AUTHORITY,
  SQL_HOST,
  SQL_PORT,
  STRIPE,
  ZIPKIN,
} from './names.ts';
import type { DeployOptions } from './options.ts';

type Environment = Readonly<Record<string, string>>;

/** What the service reads. */
export async function settingsOf(name: string): Promise<z.ZodObject['shape']> {
  const { schema } = (await import(`../services/${name}/config.ts`)) as { schema: z.ZodObject };
  return schema.shape;
}

/** For a service's own shutdown; a pod gets more. */
export const SHUTDOWN_MS = 20_000;

/**
 * Connections of each pool. A process may have twice as many while it replaces one, and all of
 * them share the database's (deploy/database.ts).
 */
const POOL = 4;

/** The variables of the databases, for programs that log in as `role`. */
export const databaseAddresses = (role: string): Environment =>
  Object.fromEntries(
    Object.entries(databases).map(([variable, database]) => {
      const found = new URL(`postgres://${role}@${SQL_HOST}:${SQL_PORT}/${database}`);
      const trust = `sslmode=verify-full&sslrootcert=${SQL_AUTHORITY}/ca.crt`;
      // Standbys are behind the address: without it a commit that waits for them may be cancelled.
      found.search = `target_session_attrs=read-write&${trust}&passfile=${CREDENTIALS}/sql/${role}.pgpass`;
      return [variable, found.href];
    }),
  );

/** Where `identity` finds NATS. */
export const natsAddress = (identity: string): string =>
  `tls://${identity}@${NATS_RELEASE}:${natsPorts.client}?nkey=${CREDENTIALS}/nats/${identity}.nk&ca=${CREDENTIALS}/tls/ca.crt`;

/** Addresses of services, by the variables that hold them. */
export const serviceAddresses = (rows: readonly ServiceRow[]): Environment => {
  const port = (name: string) => rows.find((row) => row.name === name)?.serves?.port;
  return {
    EVENTSTORE_ADDRESS: `eventstoresvc:${port('eventstoresvc')}`,
    ORDERS_URL: `http://ordersvc:${port('ordersvc')}`,
  };
};

/** All that could be told a service; it is told what it reads. */
function tellable(
  { name, adminPort, serves }: ServiceRow,
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Environment {
  const { tokens, host, settings } = options;
  return {
    OTEL_SERVICE_NAME: name,
    ...(adminPort !== undefined && { ADMIN_PORT: String(adminPort) }),
    ...(serves && { [serves.variable]: String(serves.port) }),
    // Other pods must reach it, and so it is strict. The admin port stays on loopback.
    BIND_ADDRESS: '0.0.0.0',
    TLS_CA_FILE: `${CREDENTIALS}/tls/ca.crt`,
    TLS_CERT_FILE: `${CREDENTIALS}/tls/${name}.crt`,
    TLS_KEY_FILE: `${CREDENTIALS}/tls/${name}.key`,
    SHUTDOWN_TIMEOUT_MS: String(SHUTDOWN_MS),
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://${ZIPKIN}:${serverPorts.zipkin}/api/v2/spans`,
    ...databaseAddresses(name),
    DATABASE_POOL_SIZE: String(POOL),
    SQL_PASSFILES: `${CREDENTIALS}/sql`,
    NATS_URL: natsAddress(name),
    STREAM_REPLICAS: String(NATS_NODES),
    ...serviceAddresses(rows),
    AUTH_ISSUER: tokens?.issuer ?? 'urn:orders:local',
    AUTH_AUDIENCE: tokens?.audience ?? 'orders',
    ...(tokens
      ? { AUTH_JWKS_URL: tokens.jwksUrl }
      : { AUTH_JWKS_FILE: `${CREDENTIALS}/http/jwks.json` }),
    ...(host !== undefined && name === 'ordersvc' && { TRUSTED_PROXIES: '1' }),
    IDEMPOTENCY_KEY_FILE: `${CREDENTIALS}/http/idempotency.key`,
    // Admin ports are asked from inside their pods only: the console does not show processes.
    ADMIN_URLS: 'none',
    // By kubectl port-forward.
    ZIPKIN_URL: `http://127.0.0.1:${serverPorts.zipkin}`,
    // The servers may have just been made, and so may the volumes below them.
    BOOTSTRAP_TIMEOUT_MS: '300000',
    ...(paysByStripe(options) && { STRIPE_SECRET_KEY_FILE: `${STRIPE}/secret-key` }),
    ...settings,
  };
}

export const paysByStripe = ({ settings }: DeployOptions): boolean =>
  settings.PAYMENT_GATEWAY === 'stripe';

/** What the service of this row is told. */
export async function environmentOf(
  row: ServiceRow,
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Promise<Environment> {
  const read = await settingsOf(row.name);
  return Object.fromEntries(
    Object.entries(tellable(row, rows, options)).filter(
      ([name]) => name in read || name.replace(/_FILE$/, '') in read,
    ),
  );
}

/** Throws SetupProblem for a setting of the options that no service reads, or that is a secret. */
export async function checkSettings(
  rows: readonly ServiceRow[],
  { settings }: DeployOptions,
): Promise<void> {
  const shapes = await Promise.all(rows.map(({ name }) => settingsOf(name)));
  for (const name of Object.keys(settings)) {
    const reading = shapes.flatMap((shape) => shape[name] ?? []);
    if (reading.length === 0) {
      throw new SetupProblem(`no service reads the setting ${name}`, 'see their config.ts');
    }
    if (reading.some((schema) => isSecret(schema as z.ZodType))) {
      throw new SetupProblem(`${name} is a secret`, 'put it into a Secret, and name its file');
    }
  }
}
