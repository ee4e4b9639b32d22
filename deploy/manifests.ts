/** All objects of the system, made from the table of services. */
import { Namespace } from 'kubernetes-models/v1';
import { bootstrapper, type ServiceRow, services } from '../stack/services.ts';
import { certificateObjects } from './certificates.ts';
import { sqlCluster } from './database.ts';
import { checkSettings } from './environment.ts';
import { auditJob, bootstrapJob } from './jobs.ts';
import { networkPolicies } from './network.ts';
import type { DeployOptions } from './options.ts';
import { type ApiObject, serviceObjects } from './services.ts';
import { zipkinObjects } from './traces.ts';

/** An object as the API takes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * The objects, but for Secrets and for what NATS' chart makes. Throws SetupProblem for settings
 * that no service has, and a ValidationError for an object that the API would refuse.
 */
export async function manifests(
  options: DeployOptions,
  table: readonly ServiceRow[] = services,
): Promise<readonly Manifest[]> {
  const rows = [bootstrapper, ...table];
  await checkSettings(rows, options);
  const ofServices = await Promise.all(table.map((row) => serviceObjects(row, rows, options)));
  const models = [
    namespace(options),
    ...(await networkPolicies(rows, options)),
    ...(options.certManager ? certificateObjects(options) : []),
    await bootstrapJob(rows, options),
    ...ofServices.flat(),
    auditJob(rows, options),
    ...zipkinObjects(options),
  ];
  const [first, ...others] = models.map(checked);
  // Before what asks for it.
  return [...(first ? [first] : []), sqlCluster(options), ...others];
}

/** The object as JSON has it. Throws a ValidationError for one that the API would refuse. */
export function checked(model: ApiObject): Manifest {
  model.validate();
  return JSON.parse(JSON.stringify(model)) as Manifest;
}

/** Nothing in it may have rights on a node. */
const namespace = ({ namespace: name }: DeployOptions) =>
  new Namespace({
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
