import assert from 'node:assert/strict';
import { bootstrapper, databases, services } from '../stack/services.ts';
import { labelsOf, NATS_RELEASE, podsOf, SQL } from './names.ts';
import { defaults, everything, ofKind, type Rendered, render } from './testing/rendered.ts';

const rows = [bootstrapper, ...services];
const names = [...rows.map(({ name }) => name), 'audit', 'zipkin', SQL, NATS_RELEASE];
const ports: readonly number[] = [
  ...services.flatMap(({ adminPort = 0, serves }) => [adminPort, serves?.port ?? adminPort]),
  ...[5432, 8000, 4222, 6222, 8222, 9411],
];

type Selector = { readonly matchLabels?: Readonly<Record<string, string>> };

const labels = (name: string): Readonly<Record<string, string>> => ({
  ...labelsOf(name),
  ...podsOf(name).matchLabels,
});
const matches = ({ matchLabels = {} }: Selector, name: string) =>
  Object.entries(matchLabels).every(([key, value]) => labels(name)[key] === value);

/** Whether policies let a pod of ours call another, as Kubernetes judges it. */
function allowed(policies: readonly Rendered[], from: string, to: string, port: number): boolean {
  const way = (who: string, other: string, type: string, rules: string, side: string) => {
    const own = policies.filter(
      ({ spec }) => spec.policyTypes.includes(type) && matches(spec.podSelector, who),
    );
    // Who has no policy may do everything.
    if (own.length === 0) return true;
    return own.some(({ spec }) =>
      (spec[rules] ?? []).some(
        (rule: Record<string, { podSelector?: Selector; port?: number }[]>) =>
          (rule.ports ?? []).some((one) => one.port === port) &&
          (rule[side] ?? []).some(({ podSelector }) => podSelector && matches(podSelector, other)),
      ),
    );
  };
  return way(from, to, 'Egress', 'egress', 'to') && way(to, from, 'Ingress', 'ingress', 'from');
}

/** The calls that the table asks for. */
function needed(): Set<string> {
  const calls = new Set([`${SQL} ${SQL} 5432`, `${SQL} ${SQL} 8000`]);
  calls.add(`${NATS_RELEASE} ${NATS_RELEASE} 6222`);
  for (const { name, needs } of rows) {
    if (needs.some((need) => need in databases)) calls.add(`${name} ${SQL} 5432`);
    if (needs.includes('NATS_URL')) calls.add(`${name} ${NATS_RELEASE} 4222`);
    if (needs.includes('EVENTSTORE_ADDRESS')) calls.add(`${name} eventstoresvc 50051`);
    if (name !== bootstrapper.name) calls.add(`${name} zipkin 9411`);
  }
  calls.add('console ordersvc 3000');
  for (const to of [`${SQL} 5432`, `${NATS_RELEASE} 4222`, 'eventstoresvc 50051', 'ordersvc 3000'])
    calls.add(`audit ${to}`);
  return calls;
}

describe('the network policies', () => {
  for (const [what, options] of Object.entries({ defaults, everything })) {
    it(`let a pod reach what it needs, and nothing else (${what})`, async () => {
      const policies = [...ofKind(await render(options), 'NetworkPolicy').values()];
      const wanted = needed();
      let found = 0;
      for (const from of names) {
        for (const to of names) {
          for (const port of new Set(ports)) {
            const may = allowed(policies, from, to, port);
            assert.equal(may, wanted.has(`${from} ${to} ${port}`), `${from} → ${to}:${port}`);
            found += Number(may);
          }
        }
      }
      assert.equal(found, wanted.size);
    });
  }

  it('let out only who asks the issuer or the gateway, and the operator’s nodes', async () => {
    const out = async (options: typeof defaults) =>
      [...ofKind(await render(options), 'NetworkPolicy').values()]
        .filter(({ spec }) => JSON.stringify(spec.egress ?? []).includes('ipBlock'))
        .map(({ metadata }) => metadata.name)
        .sort();
    assert.deepEqual(await out(defaults), [`among-${SQL}`]);
    assert.deepEqual(await out(everything), [
      `among-${SQL}`,
      'out-console',
      'out-ordersvc',
      'out-paymentworker',
    ]);
  });

  it('let in from other namespaces only the operators, and who publishes', async () => {
    const into = async (options: typeof defaults) =>
      [...ofKind(await render(options), 'NetworkPolicy').values()].flatMap(({ metadata, spec }) =>
        (spec.ingress ?? []).flatMap((rule: { from: { namespaceSelector?: Selector }[] }) =>
          rule.from.flatMap(({ namespaceSelector }) =>
            namespaceSelector
              ? [`${metadata.name} ${Object.values(namespaceSelector.matchLabels ?? {})}`]
              : [],
          ),
        ),
      );
    const operators = [`among-${SQL} cnpg-system`, `among-${NATS_RELEASE} keda`];
    assert.deepEqual(await into(defaults), operators);
    assert.deepEqual(await into(everything), ['published ingress-nginx', ...operators]);
  });
});
