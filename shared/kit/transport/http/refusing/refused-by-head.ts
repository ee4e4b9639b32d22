import type { IncomingMessage, ServerResponse } from 'node:http';
import { background } from '../../../context.ts';
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
 * accepted. The result answers a request and returns true if its route has no parameters, its
 * caller is known at once, and `admit` refuses it. All others have the long way, where `admit`
 * is asked again. Call it only for requests without `headFault`.
 */
export function refusingByHead(
  options: RefusingByHeadOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const { hook, problemTypes, stopping } = options;
  const doors = new Map<string, Route>();
  for (const route of options.routes) {
    const address = `${route.method} ${route.path}`;
    if (plain.test(route.path) && !doors.has(address)) doors.set(address, route);
  }

  function shareOf(request: IncomingMessage, { open }: Route): string | undefined {
    try {
      const principal = options.whoIs(request);
      if (principal instanceof Promise) {
        // The long way says what is wrong.
        principal.catch(() => undefined);
        return undefined;
      }
      return principal.kind === 'stranger' && !open ? undefined : principal.share;
    } catch {
      return undefined;
    }
  }

  return (request, response) => {
    const { method = '', url = '', headers } = request;
    const route = doors.get(`${method} ${url}`);
    if (route?.admit === undefined) return false;
    const share = shareOf(request, route);
    if (share === undefined) return false;
    const error = route.admit({ share, headerValues: (name) => headerValues(request, name) });
    if (error === undefined) return false;
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
