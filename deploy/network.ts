/** Who may reach whom: what a service needs, and nothing else. */

import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { databases, type ServiceRow, serverPorts } from '../stack/services.ts';
import { paysByStripe, settingsOf } from './environment.ts';
import {
  AUDIT,
  labelsOf,
  NATS_RELEASE,
  namespaceOf,
  natsPorts,
  podsOf,
  SQL,
  SQL_PORT,
  ZIPKIN,
} from './names.ts';
import type { DeployOptions } from './options.ts';

/** `from` calls `to`, both by their names, at this port. */
export interface Call {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** All calls within the system, from what each program needs. */
export async function callsOf(rows: readonly ServiceRow[]): Promise<readonly Call[]> {
  const portOf = (to: string) => rows.find(({ name }) => name === to)?.serves?.port ?? 0;
  const serving = (from: string, to: string) => ({ from, to, port: portOf(to) });
  const sql = (from: string) => ({ from, to: SQL, port: SQL_PORT });
  const nats = (from: string) => ({ from, to: NATS_RELEASE, port: natsPorts.client });
  const ofRows = await Promise.all(
    rows.map(async ({ name, needs, adminPort }): Promise<readonly Call[]> => {
      const asksOrders = 'ORDERS_URL' in (await settingsOf(name));
      // What runs to its end is in no trace.
      const traced = adminPort !== undefined;
      return [
        ...(needs.some((need) => need in databases) ? [sql(name)] : []),
        ...(needs.includes('NATS_URL') ? [nats(name)] : []),
        ...(needs.includes('EVENTSTORE_ADDRESS') ? [serving(name, 'eventstoresvc')] : []),
        ...(asksOrders ? [serving(name, 'ordersvc')] : []),
        ...(traced ? [{ from: name, to: ZIPKIN, port: serverPorts.zipkin }] : []),
      ];
    }),
  );
  const audit = [
    sql(AUDIT),
    nats(AUDIT),
    serving(AUDIT, 'eventstoresvc'),
    serving(AUDIT, 'ordersvc'),
  ];
  return [...ofRows.flat(), ...audit];
}

/** Who asks the payment gateway, or the issuer of tokens: HTTPS to anybody. */
async function callsOut(rows: readonly ServiceRow[], options: DeployOptions) {
  const found = await Promise.all(
    rows.map(async ({ name }) => {
      const read = await settingsOf(name);
      const pays = paysByStripe(options) && 'STRIPE_SECRET_KEY' in read;
      const checks = options.tokens !== undefined && 'AUTH_JWKS_URL' in read;
      return pays || checks ? [name] : [];
    }),
  );
  return found.flat();
}

const tcp = (...ports: readonly number[]) =>
  ports.map((port) => ({ protocol: 'TCP' as const, port }));

/** Where a cloud tells a machine its credentials. */
const METADATA = ['169.254.0.0/16'];
const anywhere: INetworkPolicyPeer[] = [
  { ipBlock: { cidr: '0.0.0.0/0', except: METADATA } },
  { ipBlock: { cidr: '::/0' } },
];

/** The policies. Nobody reaches anybody, but for what the others allow. */
export async function networkPolicies(
  rows: readonly ServiceRow[],
  options: DeployOptions,
): Promise<readonly NetworkPolicy[]> {
  const { namespace, host, ingress, keda, cloudNativePg } = options;
  const policy = (name: string, spec: NetworkPolicy['spec']) =>
    new NetworkPolicy({
      metadata: { name, namespace, labels: labelsOf(name) },
      ...(spec && { spec }),
    });
  const calls = await callsOf(rows);
  const out = await callsOut(rows, options);
  const entries = Map.groupBy(calls, ({ to }) => to);
  const exits = Map.groupBy(calls, ({ from }) => from);
  const peers = (names: readonly string[]) => names.map((name) => ({ podSelector: podsOf(name) }));
  return [
    policy('nobody', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('names', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ namespaceSelector: namespaceOf('kube-system') }],
          ports: [{ protocol: 'UDP', port: 53 }, ...tcp(53)],
        },
      ],
    }),
    ...[...entries].map(([to, list]) =>
      policy(`to-${to}`, {
        podSelector: podsOf(to),
        policyTypes: ['Ingress'],
        ingress: [{ from: peers(list.map(({ from }) => from)), ports: tcp(list[0]?.port ?? 0) }],
      }),
    ),
    ...[...exits].map(([from, list]) =>
      policy(`from-${from}`, {
        podSelector: podsOf(from),
        policyTypes: ['Egress'],
        egress: list.map(({ to, port }) => ({ to: peers([to]), ports: tcp(port) })),
      }),
    ),
    ...out.map((name) =>
      policy(`out-${name}`, {
        podSelector: podsOf(name),
        policyTypes: ['Egress'],
        egress: [{ to: anywhere, ports: tcp(443) }],
      }),
    ),
    ...(host === undefined
      ? []
      : [
          policy('published', {
            podSelector: podsOf('ordersvc'),
            policyTypes: ['Ingress'],
            ingress: [
              {
                from: [{ namespaceSelector: namespaceOf(ingress.namespace) }],
                ports: tcp(rows.find(({ name }) => name === 'ordersvc')?.serves?.port ?? 0),
              },
            ],
          }),
        ]),
    // The nodes of the database copy from one another, and ask the cluster's API who is the primary.
    policy(`among-${SQL}`, {
      podSelector: podsOf(SQL),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: peers([SQL]), ports: tcp(SQL_PORT, SQL_STATUS) },
        {
          from: [{ namespaceSelector: namespaceOf(cloudNativePg) }],
          ports: tcp(SQL_PORT, SQL_STATUS),
        },
      ],
      egress: [
        { to: peers([SQL]), ports: tcp(SQL_PORT, SQL_STATUS) },
        // No policy can name the API: it is no pod.
        { to: anywhere, ports: tcp(443, 6443) },
      ],
    }),
    policy(`among-${NATS_RELEASE}`, {
      podSelector: podsOf(NATS_RELEASE),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: peers([NATS_RELEASE]), ports: tcp(natsPorts.cluster) },
        // Its monitor knows no login. KEDA reads there how much waits.
        { from: [{ namespaceSelector: namespaceOf(keda) }], ports: tcp(natsPorts.monitor) },
      ],
      egress: [{ to: peers([NATS_RELEASE]), ports: tcp(natsPorts.cluster) }],
    }),
  ];
}

/** Where the operator of the database asks its nodes. */
const SQL_STATUS = 8_000;
