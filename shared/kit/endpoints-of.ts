import type { Endpoint, Middleware } from './endpoint.ts';

/** A service whose methods are all endpoints: `(ctx, request)`. */
export type Served<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends Endpoint<
    infer Request,
    infer Response
  >
    ? Endpoint<Request, Response>
    : never;
};

/**
 * The endpoints of `service`: each method inside the middlewares that `concerns` returns
 * for its name. Each endpoint gets its own, so when the breaker of one opens, the others
 * stay closed. A method without a name does not compile.
 *
 * @param names of the endpoints, as in spans, logs and metrics
 */
export function endpointsOf<Service extends Served<Service>>(
  service: Service,
  names: { readonly [Method in keyof Service]: string },
  concerns: (name: string, method: keyof Service) => Middleware,
): Service {
  const methods = Object.keys(names) as (keyof Service)[];
  const wrapped = methods.map((method) => {
    const endpoint = service[method] as Endpoint<unknown, unknown>;
    return [method, concerns(names[method], method)(endpoint)];
  });
  return Object.fromEntries(wrapped);
}
