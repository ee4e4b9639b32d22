import type { Context } from './context.ts';
import type { Endpoint } from './endpoint.ts';
import type { Served } from './endpoints-of.ts';

/** Called with one call's request, result and duration in milliseconds. It must not throw. */
type Told<Request, Outcome> = (
  ctx: Context,
  request: Request,
  outcome: Outcome,
  tookMs: number,
) => void;

/** Observes the calls of one method: its answers only, or its errors too. */
type Observer<Request, Response> =
  | Told<Request, Response>
  | { readonly answered: Told<Request, Response>; readonly failed: Told<Request, unknown> };

/** Observers for some of the methods. */
export type Observers<Service> = {
  readonly [Method in keyof Service]?: Service[Method] extends Endpoint<
    infer Request,
    infer Response
  >
    ? Observer<Request, Response>
    : never;
};

/**
 * `service`, with `observers` called at the end of each call, before its caller gets the
 * result. Answers and errors pass unchanged.
 */
export function observed<Service extends Served<Service>>(
  service: Service,
  observers: Observers<Service>,
): Service {
  const told = Object.keys(observers) as (keyof Service)[];
  const wrapped = told.map((method) => {
    const endpoint = service[method] as Endpoint<unknown, unknown>;
    return [method, watched(endpoint, observers[method] as Observer<unknown, unknown>)];
  });
  return { ...service, ...Object.fromEntries(wrapped) };
}

function watched<Request, Response>(
  endpoint: Endpoint<Request, Response>,
  observer: Observer<Request, Response>,
): Endpoint<Request, Response> {
  const { answered, failed } =
    typeof observer === 'function' ? { answered: observer, failed: undefined } : observer;
  return async (ctx, request) => {
    const began = performance.now();
    let response: Response;
    try {
      response = await endpoint(ctx, request);
    } catch (error) {
      failed?.(ctx, request, error, performance.now() - began);
      throw error;
    }
    answered(ctx, request, response, performance.now() - began);
    return response;
  };
}
