/** What runs to its end: the bootstrapper before each release, and the audit each night. */
import { createHash } from 'node:crypto';
import { CronJob, Job } from 'kubernetes-models/batch/v1';
import { OPERATOR } from '../shared/contracts/rights/identities.ts';
import { BOOTSTRAPPER } from '../shared/contracts/rights/sql.ts';
import { bootstrapper, type ServiceRow } from '../stack/services.ts';
import { databaseAddresses, natsAddress, serviceAddresses } from './environment.ts';
import { AUDIT, CREDENTIALS, labelsOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import { credentialVolumes, podSpec, templateOf } from './pods.ts';
import { metadataOf, programOf, volumesOf } from './services.ts';

/**
 * Makes databases, roles and streams. A Job cannot be changed, so it is called after what it
 * does: another release is another Job, and the same one is not run again.
 */
export async function bootstrapJob(
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Promise<Job> {
  const spec = podSpec({
    name: BOOTSTRAPPER,
    container: await programOf(bootstrapper, rows, options),
    volumes: await volumesOf(bootstrapper, options),
  });
  const which = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 8);
  return new Job({
    metadata: { ...metadataOf(BOOTSTRAPPER, options), name: `${BOOTSTRAPPER}-${which}` },
    spec: {
      backoffLimit: 6,
      activeDeadlineSeconds: 1_800,
      template: templateOf(BOOTSTRAPPER, { ...spec, restartPolicy: 'Never' }),
    },
  });
}

/** Compares all books each night. A Job that failed is a book that needs somebody. */
export function auditJob(rows: readonly ServiceRow[], options: DeployOptions): CronJob {
  const environment = {
    CREDENTIALS_DIR: CREDENTIALS,
    ...serviceAddresses(rows),
    ...databaseAddresses(OPERATOR),
    NATS_URL: natsAddress(OPERATOR),
    ...(options.settings.CURRENCY !== undefined && { CURRENCY: options.settings.CURRENCY }),
  };
  const spec = podSpec({
    name: AUDIT,
    container: {
      image: options.image,
      command: ['node', 'cli/main.ts', 'audit'],
      env: Object.entries(environment).map(([name, value]) => ({ name, value })),
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    },
    volumes: credentialVolumes(OPERATOR, ['tls', 'sql', 'nats', 'http'], options.certManager),
  });
  return new CronJob({
    metadata: metadataOf(AUDIT, options),
    spec: {
      schedule: '17 3 * * *',
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        metadata: { labels: labelsOf(AUDIT) },
        spec: {
          // A second look finds the same.
          backoffLimit: 0,
          activeDeadlineSeconds: 14_400,
          template: templateOf(AUDIT, { ...spec, restartPolicy: 'Never' }),
        },
      },
    },
  });
}
