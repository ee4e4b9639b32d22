import type { Endpoint } from './endpoint.ts';
import type { Served } from './endpoints-of.ts';

/** A check for each method that needs one; it throws the refusal. */
export type Checks<Service> = {
  readonly [Method in keyof Service]?: Service[Method] extends Endpoint<infer Request, unknown>
    ? (request: Request) => void
    : never;
};

/** `service` with `checks` before its methods: a method is not called if its check throws. */
export function checked<Service extends Served<Service>>(
  service: Service,
  checks: Checks<Service>,
): Service {
  const methods = Object.keys(checks) as (keyof Service)[];
  const wrapped = methods.map((method) => {
    const endpoint = service[method] as Endpoint<unknown, unknown>;
    const check = checks[method] as (request: unknown) => void;
    const guarded: Endpoint<unknown, unknown> = async (ctx, request) => {
      check(request);
      return endpoint(ctx, request);
    };
    return [method, guarded];
  });
  return { ...service, ...Object.fromEntries(wrapped) };
}
