/** The database: PostgreSQL with two standbys, looked after by CloudNativePG. */
import { BOOTSTRAPPER } from '../shared/contracts/rights/sql.ts';
import { labelsOf, SQL } from './names.ts';
import type { DeployOptions } from './options.ts';

/** The bootstrapper's password as the operator reads it. */
export const SQL_LOGIN = `${BOOTSTRAPPER}-login`;

/** For all pools of all processes, while each is replaced; a test counts them. */
export const MOST_CONNECTIONS = 400;

/**
 * The cluster. A commit is acknowledged when a standby has it, too, and only a standby that has
 * all that was acknowledged becomes the primary: an accepted order survives the loss of a disk.
 * With both standbys away nothing is accepted.
 */
export const sqlCluster = ({ namespace, storage }: DeployOptions) => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: SQL, namespace, labels: labelsOf(SQL) },
  spec: {
    instances: 3,
    imageName: 'ghcr.io/cloudnative-pg/postgresql:18',
    bootstrap: {
      initdb: { database: 'orders', owner: BOOTSTRAPPER, secret: { name: SQL_LOGIN } },
    },
    managed: {
      // It makes the other roles and the databases, and owns them.
      roles: [
        {
          name: BOOTSTRAPPER,
          ensure: 'present',
          login: true,
          createdb: true,
          createrole: true,
          passwordSecret: { name: SQL_LOGIN },
        },
      ],
    },
    postgresql: {
      synchronous: { method: 'any', number: 1, dataDurability: 'required', failoverQuorum: true },
      parameters: { max_connections: String(MOST_CONNECTIONS) },
      // Before the rule of the operator, which takes plain connections, too.
      pg_hba: ['hostssl all all all scram-sha-256', 'hostnossl all all all reject'],
    },
    primaryUpdateStrategy: 'unsupervised',
    primaryUpdateMethod: 'switchover',
    storage: {
      size: storage.sql,
      ...(storage.className !== undefined && { storageClass: storage.className }),
    },
    resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } },
    affinity: { enablePodAntiAffinity: true, podAntiAffinityType: 'preferred' },
  },
});
