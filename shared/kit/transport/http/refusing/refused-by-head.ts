import type { IncomingMessage, ServerResponse } from 'node:http';
import { background } from '../../../context.ts';
import type { CodedError } from '../../../errors.ts';
import { traceId } from '../../../trace-id.ts';
import type { Hook } from '../../hooks.ts';
import type { WhoCalls } from '../callers/who-calls.ts';
import type { HttpExchange } from '../exchange.ts';
import { headerText, headerValues } from '../head.ts';
import { problemDocument } from '../problem.ts';
import type { Route } from '../route.ts';
import { problemAnswer, writeAnswer } from '../sending/write-answer.ts';

export interface RefusingByHeadOptions {
  readonly routes: readonly Route[];
  readonly hook: Hook<HttpExchange>;
  /** Who sends a request. The long way asks it, too. */
  readonly whoIs: WhoCalls;
  /** As in HttpServerOptions. */
  readonly problemTypes: string;
  stopping(): boolean;
}

/** A path of @koa/router without parameters. */
const plain = /^[\w/.-]+$/;

/**
 * A short way for what a route does not admit: under overload most requests are refused, and
 * with all that a served request needs they would take the processor from those that are
 * accepted. The result answers a request and returns true if it knows the route by its address
 * alone, its caller is known at once, and `admit` refuses it. All others have the long way, where
 * `admit` is asked again, and have the same answer there.
 *
 * Hooks hear of a refusal when it is written: it is one even if its caller has left meanwhile, and
 * its duration is that of the refusing alone. Call it only for requests without `headFault` and
 * `foreignPage`.
 */
export function refusingByHead(
  options: RefusingByHeadOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { hook, problemTypes, stopping } = options;
  const doors = doorsOf(options.routes);

  function shareOf(request: IncomingMessage, { open }: Route): string | undefined {
    try {
      const principal = options.whoIs(request);
      // The long way waits for it.
      if (principal instanceof Promise) return undefined;
      return principal.kind === 'stranger' && !open ? undefined : principal.share;
    } catch {
      return undefined;
    }
  }

  function refusalOf(request: IncomingMessage, route: Route): CodedError | undefined {
    const share = shareOf(request, route);
    if (share === undefined) return undefined;
    try {
      const error = route.admit?.({ share, headerValues: (name) => headerValues(request, name) });
      return error?.kind === 'internal' ? undefined : error;
    } catch {
      // A fault of ours is logged on the long way.
      return undefined;
    }
  }

  return (request, response) => {
    const { method = '', url = '', headers } = request;
    const route = doors.get(`${method} ${url}`);
    const error = route && refusalOf(request, route);
    if (route === undefined || error === undefined) return false;
    const exchange: HttpExchange = {
      method,
      path: url,
      route: route.path,
      params: {},
      header: (name) => headerText(headers, name),
    };
    const ctx = hook.before(background(), exchange);
    const trace = traceId(ctx);
    const document = problemDocument(error, trace, problemTypes);
    const more = trace === '' ? {} : { 'x-trace-id': trace };
    writeAnswer(response, problemAnswer(document, error, more), stopping());
    hook.after(ctx, exchange, { status: document.status, error });
    return true;
  };
}

/** By method and address, the routes that answer there and may refuse. */
function doorsOf(routes: readonly Route[]): ReadonlyMap<string, Route> {
  const doors = new Map<string, Route>();
  const closed = new Set<string>();
  for (const route of routes) {
    const { method, path, admit } = route;
    const address = `${method} ${path}`;
    // The first match serves: behind a pattern, or another route for it, an address may be theirs.
    if (closed.has(method) || closed.has(address)) continue;
    if (!plain.test(path)) closed.add(method);
    else if (admit !== undefined) doors.set(address, route);
    closed.add(address);
  }
  return doors;
}
