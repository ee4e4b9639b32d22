/** What objects of the cluster are called, and by which labels they are found. */

/** The database's cluster; its address takes it to the primary. */
export const SQL = 'orders-sql';
export const SQL_HOST = `${SQL}-rw`;
export const SQL_PORT = 5432;
/** The release of NATS' chart, and so its service. */
export const NATS_RELEASE = 'orders-nats';
export const NATS_HEADLESS = `${NATS_RELEASE}-headless`;
/** Servers of NATS, and copies of each stream. */
export const NATS_NODES = 3;
export const natsPorts = { client: 4222, cluster: 6222, monitor: 8222 } as const;
export const ZIPKIN = 'zipkin';
/** Runs the operator's tool. */
export const AUDIT = 'audit';

/** Where a program finds its credentials: a folder for each kind. */
export const CREDENTIALS = '/run/credentials';
/** Where the authority of the database lies, which its operator makes. */
export const SQL_AUTHORITY = '/run/sql-authority';
/** Where the key of the payment gateway lies. */
export const STRIPE = '/run/stripe';

/** A folder of credentials, each a Secret of its own. */
export type CredentialKind = 'tls' | 'sql' | 'nats' | 'http';

/** The Secret with these credentials of a program. */
export const secretName = (program: string, kind: CredentialKind): string => `${program}-${kind}`;

/** The Secret with a leaf that cert-manager made. */
export const leafSecret = (program: string): string => `${program}-leaf`;

const NAME = 'app.kubernetes.io/name';

/** The labels of all that belongs to `name`. */
export const labelsOf = (name: string): Record<string, string> => ({
  [NAME]: name,
  'app.kubernetes.io/part-of': 'orders',
});

/** Finds the pods of `name`, which is a service or a server. */
export const podsOf = (name: string): { matchLabels: Record<string, string> } => {
  if (name === SQL) return { matchLabels: { 'cnpg.io/cluster': SQL } };
  // As the chart labels them.
  if (name === NATS_RELEASE) {
    return { matchLabels: { [NAME]: 'nats', 'app.kubernetes.io/instance': NATS_RELEASE } };
  }
  return { matchLabels: { [NAME]: name } };
};

/** Finds the pods of a namespace. */
export const namespaceOf = (name: string): { matchLabels: Record<string, string> } => ({
  matchLabels: { 'kubernetes.io/metadata.name': name },
});
