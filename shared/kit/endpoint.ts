import type { Context } from './context.ts';

/**
 * The one idea everything here is built on: a function from a request to a response.
 * Transports decode requests for it and encode its responses, so a service is written
 * once and served over HTTP, gRPC or a queue.
 *
 * It resolves with an answer (a business refusal is an answer) or rejects with an error,
 * which the table in errors.ts maps to each protocol. It must stop waiting when
 * `ctx.signal` is aborted.
 *
 * After go-kit's endpoint.Endpoint, with type parameters where Go had interface{}.
 */
export type Endpoint<Request, Response> = (ctx: Context, request: Request) => Promise<Response>;

/**
 * Wraps an endpoint with one concern. `In` is what it needs from the request: most need
 * nothing and fit every endpoint; a dead letter middleware fits only endpoints whose
 * requests are deliveries.
 */
export type Middleware<In = unknown> = <Request extends In, Response>(
  next: Endpoint<Request, Response>,
) => Endpoint<Request, Response>;

/**
 * Composes middlewares, outermost first: `chain(a, b)(endpoint)` calls a, then
 * b, then the endpoint, and comes back through b and a.
 */
export function chain<In = unknown>(
  outermost: Middleware<In>,
  ...others: Middleware<In>[]
): Middleware<In> {
  return (next) => outermost(others.reduceRight((inner, middleware) => middleware(inner), next));
}

/** The middleware that does nothing: a placeholder for a concern that is switched off. */
export const nop: Middleware = (next) => next;
