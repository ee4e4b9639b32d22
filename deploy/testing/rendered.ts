/** The objects as the specs look at them, and the credentials that the pods would have. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { makeInstallation } from '../../shared/credentials/installation.ts';
import { natsHosts } from '../certificates.ts';
import { type Manifest, manifests } from '../manifests.ts';
import { SQL_HOST } from '../names.ts';
import { type DeployOptions, optionsSchema } from '../options.ts';

/** With everything that can be wanted. */
export const everything: DeployOptions = optionsSchema.parse({
  image: 'registry.example/orders:1.2.3',
  tokens: {
    issuer: 'https://issuer.example',
    audience: 'orders',
    jwksUrl: 'https://issuer.example/keys',
  },
  host: 'orders.example',
  certManager: true,
  storage: { className: 'fast' },
  settings: { PAYMENT_GATEWAY: 'stripe', CURRENCY: 'EUR' },
});

export const defaults: DeployOptions = optionsSchema.parse({});

/** An object whose fields the specs know. */
export interface Rendered extends Manifest {
  // biome-ignore lint/suspicious/noExplicitAny: each kind has other fields, and the specs look at them by their paths.
  readonly spec?: any;
}

export const render = async (options: DeployOptions): Promise<readonly Rendered[]> =>
  await manifests(options);

/** The objects of one kind, by their names. */
export const ofKind = (objects: readonly Rendered[], kind: string): Map<string, Rendered> =>
  new Map(
    objects.filter((one) => one.kind === kind).map((one) => [one.metadata.name, one] as const),
  );

/** A program that runs, whatever runs it. */
export interface RenderedPod {
  readonly name: string;
  readonly pod: IPodSpec;
  readonly container: IContainer;
  readonly environment: Readonly<Record<string, string>>;
}

/** Every pod that the objects make, by the name of its container. */
export function podsIn(objects: readonly Rendered[]): Map<string, RenderedPod> {
  const found = objects.flatMap(({ spec }) => {
    const pod: IPodSpec | undefined = (spec?.template ?? spec?.jobTemplate?.spec?.template)?.spec;
    const [container] = pod?.containers ?? [];
    if (!pod || !container) return [];
    const environment = Object.fromEntries(
      (container.env ?? []).map(({ name, value = '' }) => [name, value]),
    );
    return [{ name: container.name, pod, container, environment }];
  });
  return new Map(found.map((one) => [one.name, one] as const));
}

/** The credentials that `ordersctl credentials make` makes for these objects. The caller removes the folder. */
export async function madeCredentials(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'k8s-'));
  await makeInstallation({
    folder,
    sqlHosts: [SQL_HOST],
    natsHosts: natsHosts as [string, ...string[]],
    streams: [ORDERS_STREAM],
    leafMs: 3_600_000,
    now: Date.now(),
  });
  return folder;
}
