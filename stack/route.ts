import type { Instance, Plan } from './plan.ts';
import type { AddressVariable } from './services.ts';

/**
 * Where an instance finds what `variable` names, of which `address` is the usual one; for
 * `NATS_URL` that may be several, separated by commas.
 */
export type Route = (
  instance: Instance,
  variable: AddressVariable,
  address: string,
  plan: Plan,
) => string | Promise<string>;

/** What each instance is told, by its name. The bootstrapper goes the usual ways. */
export async function routeAll(
  plan: Plan,
  route: Route = (_instance, _variable, address) => address,
): Promise<ReadonlyMap<string, Partial<Record<AddressVariable, string>>>> {
  const routed = new Map<string, Partial<Record<AddressVariable, string>>>();
  for (const instance of plan.instances) {
    const told: Partial<Record<AddressVariable, string>> = {};
    for (const need of instance.row.needs) {
      // An empty address is one that nobody goes to.
      if (plan.addresses[need] === '') continue;
      told[need] = await route(instance, need, plan.addresses[need], plan);
    }
    routed.set(instance.name, told);
  }
  return routed;
}
