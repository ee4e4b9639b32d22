/** NATS by its own chart: the values that the chart is given. */
import { leafSecret, NATS_NODES, NATS_RELEASE, natsPorts, secretName } from './names.ts';
import type { DeployOptions } from './options.ts';
import { containerSecurity, podSecurity } from './pods.ts';

/** Its identity as a server, and the folder of its credentials. */
export const NATS = 'nats';
/** The Secret with who may do what, and the file in it. */
export const USERS_SECRET = 'nats-users';
export const USERS_FILE = 'users.conf';

/** The values: three servers that know one another by certificates, and users by their keys. */
export function natsValues({ certManager, storage }: DeployOptions) {
  const tls = certManager
    ? { secretName: leafSecret(NATS), cert: 'tls.crt', key: 'tls.key' }
    : { secretName: secretName(NATS, 'tls'), cert: `${NATS}.crt`, key: `${NATS}.key` };
  const users = { name: 'users', mountPath: `/etc/${USERS_SECRET}`, readOnly: true };
  const volume = { name: users.name, secret: { secretName: USERS_SECRET, defaultMode: 0o440 } };
  return {
    fullnameOverride: NATS_RELEASE,
    tlsCA: { enabled: true, secretName: tls.secretName, key: 'ca.crt' },
    config: {
      cluster: {
        enabled: true,
        port: natsPorts.cluster,
        replicas: NATS_NODES,
        // Another server is one that has a certificate of ours.
        tls: { enabled: true, ...tls, merge: { verify: true } },
      },
      jetstream: {
        enabled: true,
        fileStore: {
          pvc: {
            size: storage.nats,
            ...(storage.className !== undefined && { storageClassName: storage.className }),
          },
        },
      },
      nats: { port: natsPorts.client, tls: { enabled: true, ...tls, merge: { timeout: 5 } } },
      monitor: { enabled: true, port: natsPorts.monitor },
      // The chart puts it before its own settings, which win.
      merge: { $include: `../${USERS_SECRET}/${USERS_FILE}` },
    },
    container: {
      image: { tag: '2.15.0-alpine' },
      patch: [{ op: 'add', path: '/volumeMounts/-', value: users }],
      merge: {
        securityContext: containerSecurity,
        resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '1Gi' } },
      },
    },
    // It tells the servers of renewed certificates and of changed users.
    reloader: { merge: { securityContext: containerSecurity } },
    podTemplate: {
      patch: [{ op: 'add', path: '/spec/volumes/-', value: volume }],
      merge: {
        spec: { automountServiceAccountToken: false, securityContext: podSecurity },
      },
      topologySpreadConstraints: {
        'kubernetes.io/hostname': { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
        'topology.kubernetes.io/zone': { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
      },
    },
    // A shell with a client, which needs an identity that nobody here is.
    natsBox: { enabled: false },
  };
}
