import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SetupProblem } from '../stack/problem.ts';

const size = z.string().regex(/^\d+(Mi|Gi|Ti)$/, 'must be a size such as 20Gi');

/** What differs between clusters. Each has a default but what only the reader knows. */
export const optionsSchema = z.strictObject({
  namespace: z.string().default('orders'),
  /** The image that the Dockerfile makes, where the cluster finds it. */
  image: z.string().default('orders:0.2.0'),
  /** Who signs tokens; without it those count that `ordersctl token` makes. */
  tokens: z
    .strictObject({
      issuer: z.string(),
      audience: z.string(),
      jwksUrl: z.url({ protocol: /^https$/ }),
    })
    .optional(),
  /** Under which name HTTP is published; without it nothing is. */
  host: z.string().optional(),
  ingress: z
    .strictObject({
      className: z.string().default('nginx'),
      namespace: z.string().default('ingress-nginx'),
    })
    .prefault({}),
  /** Where operators run that look into pods of ours. */
  keda: z.string().default('keda'),
  cloudNativePg: z.string().default('cnpg-system'),
  /** Certificates are made and renewed by cert-manager, and not by `ordersctl credentials make`. */
  certManager: z.boolean().default(false),
  storage: z
    .strictObject({
      sql: size.default('50Gi'),
      nats: size.default('20Gi'),
      className: z.string().optional(),
    })
    .prefault({}),
  /** Settings of services by their names, for each service that reads them. No secrets. */
  settings: z.record(z.string(), z.string()).default({}),
});

export type DeployOptions = z.output<typeof optionsSchema>;

/** The options in a file of JSON; without one the defaults. Throws SetupProblem that says what is wrong. */
export async function readOptions(file: string | undefined): Promise<DeployOptions> {
  const wrong = (why: string) =>
    new SetupProblem(`${file} holds no options: ${why}`, 'see deploy/options.ts');
  let given: unknown = {};
  if (file !== undefined) {
    try {
      given = JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      throw wrong((error as Error).message);
    }
  }
  const read = optionsSchema.safeParse(given);
  if (!read.success) throw wrong(z.prettifyError(read.error));
  return read.data;
}
