import type { z } from 'zod';

/** The variables that a program with these settings reads: `NAME` and `NAME_FILE` of each. */
export const variablesOf = (schema: z.ZodObject): readonly string[] =>
  Object.keys(schema.shape).flatMap((name) => [name, `${name}_FILE`]);

/** Settings that no two services of a process can share. */
const APART = ['ADMIN_PORT', 'OTEL_SERVICE_NAME'];

/** A service's own form of `variable`: `PAYMENTWORKER_ADMIN_PORT`. */
export const ownVariable = (service: string, variable: string): string =>
  `${service.toUpperCase()}_${variable}`;

/** What `service` reads: `env`, in which its own form of a setting wins. */
export function environmentOf(service: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const prefix = ownVariable(service, '');
  const own = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  );
  return { ...env, ...Object.fromEntries(own) };
}

/** Which settings would be the same for several services and must not; a line for people each. */
export function sharedByMistake(services: readonly string[], env: NodeJS.ProcessEnv): string[] {
  if (services.length < 2) return [];
  return APART.flatMap((variable) => {
    if (!env[variable]?.trim()) return [];
    const takers = services.filter((service) => env[ownVariable(service, variable)] === undefined);
    const wanted = takers.map((service) => ownVariable(service, variable)).join(', ');
    return takers.length === 0
      ? []
      : [`${variable} is one for ${services.length} services: set ${wanted} instead`];
  });
}
