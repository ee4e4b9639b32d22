/** What all pods of ours have in common: no rights, no write access, and what they are asked. */
import type {
  IContainer,
  IExecAction,
  IPodSpec,
  IVolume,
  IVolumeMount,
} from 'kubernetes-models/v1';
import type { ServiceRow } from '../stack/services.ts';
import {
  CREDENTIALS,
  type CredentialKind,
  labelsOf,
  leafSecret,
  podsOf,
  SQL,
  SQL_AUTHORITY,
  secretName,
} from './names.ts';

/** As `restricted` of the pod security standards wants it, and the user of our image. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
} as const satisfies IPodSpec['securityContext'];

/** What no container needs, and a burglar in one would like. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
} satisfies IContainer['securityContext'];

const tmp: IVolume = { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } };

export interface PodParts {
  readonly name: string;
  readonly container: Omit<IContainer, 'name' | 'securityContext'>;
  /** Mounts of its container, each with its volume. */
  readonly volumes?: readonly MountedVolume[];
}

export interface MountedVolume {
  readonly path: string;
  readonly volume: IVolume;
}

/** A pod with one container, which has no right but to run, and writes to /tmp alone. */
export function podSpec({ name, container, volumes = [] }: PodParts): IPodSpec {
  const mounts: IVolumeMount[] = volumes.map(({ path, volume }) => ({
    name: volume.name,
    mountPath: path,
    readOnly: true,
  }));
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity,
    containers: [
      {
        ...container,
        name,
        securityContext: containerSecurity,
        volumeMounts: [...mounts, { name: tmp.name, mountPath: '/tmp' }],
      },
    ],
    volumes: [...volumes.map(({ volume }) => volume), tmp],
  };
}

/** Instances go to different nodes and zones where there are such. */
export const spread = (name: string): NonNullable<IPodSpec['topologySpreadConstraints']> =>
  ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: podsOf(name),
  }));

// Read by the user of the pod, whose group they get.
const READABLE = 0o440;

/** The credentials of `program`, a folder for each kind, and whom it trusts as a database. */
export function credentialVolumes(
  program: string,
  kinds: readonly CredentialKind[],
  certManager: boolean,
): readonly MountedVolume[] {
  const own = kinds.map((kind) => ({
    path: `${CREDENTIALS}/${kind}`,
    volume:
      kind === 'tls' && certManager
        ? leafVolume(program)
        : {
            name: kind,
            secret: { secretName: secretName(program, kind), defaultMode: READABLE },
          },
  }));
  if (!kinds.includes('sql')) return own;
  // The operator's Secret has the authority's key, too, which is nobody's business.
  const items = [{ key: 'ca.crt', path: 'ca.crt' }];
  const secret = { secretName: `${SQL}-ca`, items, defaultMode: READABLE };
  return [...own, { path: SQL_AUTHORITY, volume: { name: 'sql-authority', secret } }];
}

/** The files of cert-manager, by the names that they have without it. */
const leafVolume = (program: string): IVolume => ({
  name: 'tls',
  projected: {
    defaultMode: READABLE,
    sources: [
      {
        secret: {
          name: leafSecret(program),
          items: [
            { key: 'ca.crt', path: 'ca.crt' },
            { key: 'tls.crt', path: `${program}.crt` },
            { key: 'tls.key', path: `${program}.key` },
          ],
        },
      },
    ],
  },
});

/**
 * Asks the admin port from inside, because it listens on loopback alone. By bash, which takes
 * milliseconds; a Node for each question would take more than many a service.
 */
const asks = (port: number, path: string): IExecAction => ({
  command: [
    'bash',
    '-c',
    [
      `exec 3<>/dev/tcp/127.0.0.1/${port}`,
      `printf 'GET ${path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n' >&3`,
      'read -r _ status _ <&3',
      '[ "$status" = 200 ]',
    ].join(' && '),
  ],
});

/** The probes of a service: it has begun, it lives, it may be given work. */
export function probes({
  adminPort,
}: ServiceRow): Pick<IContainer, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  if (adminPort === undefined) return {};
  return {
    startupProbe: {
      exec: asks(adminPort, '/healthz'),
      periodSeconds: 2,
      timeoutSeconds: 5,
      failureThreshold: 60,
    },
    livenessProbe: {
      exec: asks(adminPort, '/healthz'),
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
    readinessProbe: {
      exec: asks(adminPort, '/readyz'),
      periodSeconds: 5,
      timeoutSeconds: 5,
      failureThreshold: 2,
    },
  };
}

export const templateOf = (name: string, spec: IPodSpec) => ({
  metadata: { labels: labelsOf(name) },
  spec,
});
