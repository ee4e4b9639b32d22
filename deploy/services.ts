/** The objects of one service: its deployment, its address, what protects and what scales it. */

import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { type IContainer, Service } from 'kubernetes-models/v1';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { databases, type ServiceRow } from '../stack/services.ts';
import { environmentOf, paysByStripe, SHUTDOWN_MS, settingsOf } from './environment.ts';
import {
  type CredentialKind,
  labelsOf,
  NATS_HEADLESS,
  natsPorts,
  podsOf,
  STRIPE,
} from './names.ts';
import type { DeployOptions } from './options.ts';
import {
  credentialVolumes,
  type MountedVolume,
  podSpec,
  probes,
  spread,
  templateOf,
} from './pods.ts';
import { LAG, type Scaling, scalingOf } from './scaling.ts';

/** An object of the API, of any kind. */
export interface ApiObject {
  /** Throws a ValidationError for what the API would refuse. */
  validate(): void;
  toJSON(): unknown;
}

/** Objects, in any order. */
export type Objects = readonly ApiObject[];

/** How long a pod that is to end still gets requests, because not everybody has heard of it. */
const LATE_REQUESTS_S = 5;

/** The objects of the service of this row. */
export async function serviceObjects(
  row: ServiceRow,
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Promise<Objects> {
  const { name } = row;
  const scaling = scalingOf(name);
  const metadata = metadataOf(name, options);
  const spec = podSpec({
    name,
    container: {
      ...(await programOf(row, rows, options)),
      ...probes(row),
      ...(row.serves && { lifecycle: { preStop: { sleep: { seconds: LATE_REQUESTS_S } } } }),
    },
    volumes: await volumesOf(row, options),
  });
  const deployment = new Deployment({
    metadata,
    spec: {
      // Where there may be more, who counts them says how many.
      ...(scaling.most === scaling.least && { replicas: scaling.least }),
      selector: podsOf(name),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: templateOf(name, {
        ...spec,
        topologySpreadConstraints: spread(name),
        terminationGracePeriodSeconds: LATE_REQUESTS_S + SHUTDOWN_MS / 1_000 + 5,
      }),
    },
  });
  return [
    deployment,
    ...addressObjects(row, options),
    ...(scaling.least > 1 ? [disruptionBudget(name, options)] : []),
    ...scalingObjects(name, scaling, options),
  ];
}

export const metadataOf = (name: string, { namespace }: DeployOptions) => ({
  name,
  namespace,
  labels: labelsOf(name),
});

/** How the program of a row is run. */
export async function programOf(
  row: ServiceRow,
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Promise<Omit<IContainer, 'name'>> {
  const { name, nodeArgs = [] } = row;
  const environment = await environmentOf(row, rows, options);
  return {
    image: options.image,
    command: ['node', ...nodeArgs, `services/${name}/main.ts`],
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    // No limit of the processor: it would slow down what has work, while others have none.
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
  };
}

/** The files that the program of a row has. */
export async function volumesOf(
  { name, needs }: ServiceRow,
  options: DeployOptions,
): Promise<readonly MountedVolume[]> {
  const read = await settingsOf(name);
  const kinds: readonly CredentialKind[] = [
    'tls',
    ...(needs.some((need) => need in databases) ? (['sql'] as const) : []),
    ...(needs.includes('NATS_URL') ? (['nats'] as const) : []),
    ...('AUTH_ISSUER' in read ? (['http'] as const) : []),
  ];
  const stripe: MountedVolume = {
    path: STRIPE,
    volume: { name: 'stripe', secret: { secretName: 'stripe', defaultMode: 0o440 } },
  };
  const pays = paysByStripe(options) && 'STRIPE_SECRET_KEY' in read;
  return [...credentialVolumes(name, kinds, options.certManager), ...(pays ? [stripe] : [])];
}

function addressObjects({ name, serves }: ServiceRow, options: DeployOptions): Objects {
  if (serves === undefined) return [];
  const { host, ingress } = options;
  const service = new Service({
    metadata: metadataOf(name, options),
    spec: {
      selector: podsOf(name).matchLabels,
      ports: [{ name: 'main', port: serves.port, targetPort: serves.port }],
      // gRPC keeps its connection: each caller learns of all pods.
      ...(serves.variable === 'GRPC_PORT' && { clusterIP: 'None' }),
    },
  });
  if (host === undefined || name !== 'ordersvc') return [service];
  const published = new Ingress({
    metadata: metadataOf(name, options),
    spec: {
      ingressClassName: ingress.className,
      tls: [{ hosts: [host], secretName: 'published-tls' }],
      rules: [
        {
          host,
          http: {
            paths: ['/api/orders', '/openapi.json'].map((path) => ({
              path,
              pathType: 'Prefix',
              backend: { service: { name, port: { number: serves.port } } },
            })),
          },
        },
      ],
    },
  });
  return [service, published];
}

const disruptionBudget = (name: string, options: DeployOptions) =>
  new PodDisruptionBudget({
    metadata: metadataOf(name, options),
    spec: {
      selector: podsOf(name),
      maxUnavailable: 1,
      // What is not ready serves nobody: it must not keep a node from being emptied.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });

function scalingObjects(name: string, scaling: Scaling, options: DeployOptions): Objects {
  const { least, most, cpu, durable } = scaling;
  const metadata = metadataOf(name, options);
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  if (cpu !== undefined) {
    const utilization = { type: 'Utilization', averageUtilization: cpu };
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: utilization } }];
    const spec = { scaleTargetRef: target, minReplicas: least, maxReplicas: most, metrics };
    return [new HorizontalPodAutoscaler({ metadata, spec })];
  }
  if (durable === undefined) return [];
  return [
    new ScaledObject({
      metadata,
      spec: {
        scaleTargetRef: target,
        minReplicaCount: least,
        maxReplicaCount: most,
        triggers: [
          {
            type: 'nats-jetstream',
            metadata: {
              natsServerMonitoringEndpoint: `${NATS_HEADLESS}.${options.namespace}.svc:${natsPorts.monitor}`,
              account: '$G',
              stream: ORDERS_STREAM,
              consumer: durable,
              lagThreshold: String(LAG),
            },
          },
        ],
      },
    }),
  ];
}
