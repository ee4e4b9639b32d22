import type { NatsRights } from './nats.ts';

/** An identity as the server knows it: its public keys, more than one while a key is changed. */
export interface NatsUser {
  readonly identity: string;
  readonly keys: readonly string[];
  readonly rights: NatsRights;
}

export interface NatsConfOptions {
  /** A further file, by its path from the configuration. */
  readonly include?: string | undefined;
  /** The server's certificate: then it takes TLS alone. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** The names of all servers of its cluster, and the authority of their certificates, which have these names. Needs `tls`. */
  readonly cluster?: { readonly hosts: readonly string[]; readonly ca: string } | undefined;
  /** Where its monitor listens: it knows no login, so let only operators reach it. Default: the server's arguments say. */
  readonly monitor?: string | undefined;
}

/**
 * What one connection may use. A service has a handful of subscriptions and one inbox. The
 * server knows no limits for a user that a file names, so these are for each of them.
 */
const limits = {
  max_connections: '512',
  max_subscriptions: '100',
  // The largest event is 900 kB, and has headers; the streams' messages are no larger.
  max_payload: '1MB',
  // Who reads so slowly that more waits is disconnected.
  max_pending: '64MB',
};

/**
 * The configuration of nats-server in which only these users connect, each with its rights.
 * It holds public keys alone.
 */
export function natsConf(users: readonly NatsUser[], options: NatsConfOptions = {}): string {
  const { include, tls, cluster, monitor } = options;
  const lines = users.flatMap(({ identity, keys, rights: { publish, subscribe } }) =>
    keys.flatMap((key) => [
      `    # ${identity}`,
      `    { nkey: ${key}, permissions: {`,
      `      publish: { allow: ${list(publish)} }`,
      `      subscribe: { allow: ${list(subscribe)} }`,
      '    } }',
    ]),
  );
  return [
    '# Made from shared/contracts/rights/nats.ts; a reload (SIGHUP) applies changes.',
    '# Left to itself the server takes three quarters of what is free at its start for its',
    '# limit, and keeps to it: started on a full disk it would store nothing more, though room',
    '# was made.',
    'jetstream { max_file_store: 1TB }',
    ...Object.entries(limits).map(([name, value]) => `${name}: ${value}`),
    ...(monitor === undefined ? [] : [`http: ${JSON.stringify(monitor)}`]),
    ...(tls === undefined
      ? []
      : [
          'tls {',
          `  cert_file: ${JSON.stringify(tls.cert)}`,
          `  key_file: ${JSON.stringify(tls.key)}`,
          '  timeout: 5',
          '}',
        ]),
    ...(tls === undefined || cluster === undefined ? [] : clusterLines(tls, cluster)),
    ...(include === undefined ? [] : [`include ${JSON.stringify(include)}`]),
    'authorization {',
    '  timeout: 5',
    '  users: [',
    ...lines,
    '  ]',
    '}',
    '',
  ].join('\n');
}

/** Where the servers of a cluster reach each other. */
const CLUSTER_PORT = 6222;

/**
 * A server of the cluster shows a certificate with one of its names: who could pass for one
 * would have all rights, and a certificate of ours alone is what every service has.
 */
const clusterLines = (
  { cert, key }: NonNullable<NatsConfOptions['tls']>,
  { hosts, ca }: NonNullable<NatsConfOptions['cluster']>,
): readonly string[] => [
  'cluster {',
  '  name: orders',
  `  listen: "0.0.0.0:${CLUSTER_PORT}"`,
  '  no_advertise: true',
  '  tls {',
  `    cert_file: ${JSON.stringify(cert)}`,
  `    key_file: ${JSON.stringify(key)}`,
  `    ca_file: ${JSON.stringify(ca)}`,
  '    verify_cert_and_check_known_urls: true',
  '    timeout: 5',
  '  }',
  `  routes: ${list(hosts.map((host) => `nats-route://${host}:${CLUSTER_PORT}`))}`,
  '}',
];

const list = (subjects: readonly string[]): string =>
  `[${subjects.map((s) => JSON.stringify(s)).join(', ')}]`;
