/** Zipkin, which keeps traces in memory. */
import { Deployment } from 'kubernetes-models/apps/v1';
import { Service } from 'kubernetes-models/v1';
import { serverPorts } from '../stack/services.ts';
import { podsOf, ZIPKIN } from './names.ts';
import type { DeployOptions } from './options.ts';
import { podSpec, templateOf } from './pods.ts';
import { metadataOf, type Objects } from './services.ts';

/** As in compose.yaml, which says why it is told so. */
const environment = {
  STORAGE_TYPE: 'mem',
  MEM_MAX_SPANS: '100000',
  ZIPKIN_INTERNAL_ACTUATOR_ENABLED: 'false',
  ZIPKIN_QUERY_ALLOWED_ORIGINS: `http://127.0.0.1:${serverPorts.zipkin}`,
  JAVA_OPTS: '-Xmx512m',
};

/** One Zipkin: several would each have some spans of a trace. People reach it by kubectl port-forward. */
export function zipkinObjects(options: DeployOptions): Objects {
  const port = serverPorts.zipkin;
  const metadata = metadataOf(ZIPKIN, options);
  const probe = { httpGet: { path: '/health', port }, periodSeconds: 10, timeoutSeconds: 5 };
  const spec = podSpec({
    name: ZIPKIN,
    container: {
      image: 'openzipkin/zipkin:3.5.1',
      env: Object.entries(environment).map(([name, value]) => ({ name, value })),
      ports: [{ name: 'main', containerPort: port }],
      startupProbe: { ...probe, failureThreshold: 30 },
      livenessProbe: { ...probe, failureThreshold: 6 },
      readinessProbe: probe,
      resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { memory: '768Mi' } },
    },
  });
  return [
    new Deployment({
      metadata,
      spec: {
        replicas: 1,
        selector: podsOf(ZIPKIN),
        strategy: { type: 'Recreate' },
        template: templateOf(ZIPKIN, spec),
      },
    }),
    new Service({
      metadata,
      spec: { selector: podsOf(ZIPKIN).matchLabels, ports: [{ name: 'main', port }] },
    }),
  ];
}
