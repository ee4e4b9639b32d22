/** Certificates by cert-manager, in place of those of `ordersctl credentials make`. */
import { Certificate, Issuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import { EVENT_STORE, uriOf } from '../shared/contracts/rights/identities.ts';
import { programs } from '../shared/credentials/installation.ts';
import { NATS } from './broker.ts';
import { leafSecret, NATS_HEADLESS, NATS_NODES, NATS_RELEASE } from './names.ts';
import type { DeployOptions } from './options.ts';
import { metadataOf, type Objects } from './services.ts';

/** The authority: its Secret has `tls.crt` and `tls.key`. */
export const AUTHORITY = 'authority';

/** The names by which NATS is reached: by its clients, and each server by the others. */
export const natsHosts = [
  NATS_RELEASE,
  ...Array.from({ length: NATS_NODES }, (_, i) => `${NATS_RELEASE}-${i}.${NATS_HEADLESS}`),
];

/** An authority, and a leaf for each program and for NATS, renewed at half its time. */
export function certificateObjects(options: DeployOptions): Objects {
  const names: Readonly<Record<string, readonly string[]>> = {
    [EVENT_STORE]: [EVENT_STORE],
    [NATS]: natsHosts,
  };
  const leaves = [...programs(), NATS].map((name) => {
    const dnsNames = names[name];
    return new Certificate({
      metadata: metadataOf(name, options),
      spec: {
        secretName: leafSecret(name),
        issuerRef: { kind: 'Issuer', name: AUTHORITY },
        commonName: name,
        // Who it is, for those who ask.
        uris: [uriOf(name)],
        ...(dnsNames && { dnsNames: [...dnsNames] }),
        usages: ['digital signature', 'client auth', ...(dnsNames ? ['server auth' as const] : [])],
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        duration: '24h',
        renewBefore: '12h',
      },
    });
  });
  const issuer = new Issuer({
    metadata: metadataOf(AUTHORITY, options),
    spec: { ca: { secretName: AUTHORITY } },
  });
  return [issuer, ...leaves];
}
