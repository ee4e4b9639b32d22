/** What a service that watches the others is told of them. */
import { writeFileSync } from 'node:fs';
import type { CredentialsFolder } from '../shared/credentials/credentials-folder.ts';
import { serviceEnvironment } from './child-environment.ts';
import type { Plan } from './plan.ts';
import { LOOPBACK } from './ports.ts';

export interface Watched {
  readonly plan: Plan;
  readonly credentials: CredentialsFolder;
  /** Further variables for a service, by its name. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** How long orders may wait, and what else an audit must know of the services. */
const AUDITED = [
  'PAYMENT_DEADLINE_MS',
  'REVIEW_DEADLINE_MS',
  'VOID_RETRY_MS',
  'DEADLINE_CEILING_MS',
  'CURRENCY',
  'STREAM_REPLICAS',
  'AUDIT_GRACE_MS',
] as const;

/** Where the others of `plan` are, for the service `name`, and the operator's file for audits, which is written. */
export function watchVariables(watched: Watched, name: string): NodeJS.ProcessEnv {
  const { plan, environment } = watched;
  const others = plan.instances.filter(({ row }) => row.name !== name);
  const orders = plan.instances.find(({ row }) => row.serves?.variable === 'HTTP_PORT');
  const ordersUrl = plan.ordersUrl ?? (orders && `http://${LOOPBACK}:${orders.port}`);
  const { PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS, DEADLINE_CEILING_MS } =
    environment.sagacoordinator ?? {};
  return {
    ...(ordersUrl !== undefined && { ORDERS_URL: ordersUrl }),
    ADMIN_URLS: others.map((one) => `${one.name}=http://${LOOPBACK}:${one.adminPort}`).join(','),
    ZIPKIN_URL: plan.zipkinUrl ?? 'none',
    AUDIT_ENVIRONMENT_FILE: auditEnvironment(watched),
    ...(PAYMENT_DEADLINE_MS !== undefined && { PAYMENT_DEADLINE_MS }),
    ...(REVIEW_DEADLINE_MS !== undefined && { REVIEW_DEADLINE_MS }),
    ...(DEADLINE_CEILING_MS !== undefined && { DEADLINE_CEILING_MS }),
  };
}

/**
 * Writes the file with what `ordersctl audit` finds in its environment: the operator's
 * addresses, whose credentials lie in other files. Only its owner can read it.
 */
function auditEnvironment({ plan, credentials, environment }: Watched): string {
  const set = { ...process.env, ...environment.sagacoordinator };
  const variables = {
    ...serviceEnvironment(),
    ...Object.fromEntries(
      AUDITED.flatMap((name) => (set[name]?.trim() ? [[name, set[name]]] : [])),
    ),
    ...Object.fromEntries(Object.entries(plan.addresses).filter(([, address]) => address !== '')),
    CREDENTIALS_DIR: credentials.path,
    ...(plan.nats !== undefined &&
      plan.nats.length > 1 && { STREAM_REPLICAS: `${plan.nats.length}` }),
  };
  const file = credentials.file('audit.json');
  writeFileSync(file, JSON.stringify(variables), { mode: 0o600 });
  return file;
}
