import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import Router, { type RouterContext } from '@koa/router';
import Koa from 'koa';
import { background, withSignal } from '../../context.ts';
import { CodedError, codedError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Component } from '../../process/lifecycle.ts';
import { traceId } from '../../trace-id.ts';
import { type ByteBudget, byteBudget } from '../byte-budget.ts';
import { guarded, type Hook, noHook } from '../hooks.ts';
import { listenOn } from '../net-listening.ts';
import { jsonBody, readBody, UnsupportedBody } from './body.ts';
import type { HttpExchange } from './exchange.ts';
import { headFault } from './head.ts';
import { drain, type HttpLimits, httpLimits, limitedServer } from './http-listening.ts';
import { JsonText } from './json.ts';
import { type ProblemDocument, problemDocument, retryAfterSeconds } from './problem.ts';
import { refuseUnserved } from './refused-requests.ts';
import { EndpointFailure, type HttpRequest, type HttpResponse, type Route } from './route.ts';
import { safeHeaders } from './safe-headers.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0: the system chooses one. */
  readonly port: number;
  /** The first match serves. */
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly hook?: Hook<HttpExchange>;
  /** What the `type` of a problem document begins with; the error's code follows. Default `urn:problem:`. */
  readonly problemTypes?: string;
  readonly bodyLimitBytes?: number;
  /** How long `stop` waits for pending answers, in milliseconds. */
  readonly drainMs?: number;
  readonly limits?: Partial<HttpLimits>;
}

const defaults = { problemTypes: 'urn:problem:', bodyLimitBytes: 256 * 1024, drainMs: 5000 };

/**
 * Serves endpoints over HTTP. Errors become problem documents (RFC 9457) by the table in
 * errors.ts, and so does what Node's parser refuses; every answer carries `x-trace-id`; a
 * caller that leaves aborts `ctx.signal`. `start` rejects if it cannot listen; `stop`
 * drains, closes what is left after `drainMs`, and may be called twice.
 */
export function httpServer(given: HttpServerOptions): Component & { port(): number } {
  let stopped: Promise<void> | undefined;
  const limits = { ...httpLimits, ...given.limits };
  const hook = guarded(given.hook ?? noHook);
  const options = {
    ...defaults,
    ...given,
    hook,
    bodies: byteBudget(limits.bodiesBytes),
    stopping: () => stopped !== undefined,
    last: (socket: Duplex) => refusing.last(socket),
  };
  const server = limitedServer(limits, given.logger);
  const refusing = refuseUnserved(
    server,
    hook,
    options.problemTypes,
    application(options).callback(),
  );
  return {
    name: 'http',
    port: () => (server.address() as AddressInfo).port,
    notReady: () => (server.listening ? undefined : 'not listening'),
    start: () => listenOn(server, 'HTTP', options.host, options.port, options.logger),
    stop: () => {
      stopped ??= drain(server, options.drainMs);
      return stopped;
    },
  };
}

type ServerSettings = HttpServerOptions &
  typeof defaults & {
    readonly hook: Hook<HttpExchange>;
    /** The bytes of all bodies held. */
    readonly bodies: ByteBudget;
    stopping(): boolean;
    /** See Refusing. */
    last(socket: Duplex): void;
  };

function application(options: ServerSettings): Koa {
  const app = new Koa();
  // Only a broken connection ends up here: everything else was answered below.
  app.on('error', (err) => options.logger.debug({ err }, 'an HTTP response was not delivered'));
  const router = new Router({ sensitive: true });
  for (const each of options.routes) {
    router.register(each.path, [each.method], (koa) => answer(koa, each, options));
  }
  app.use((koa, next) => {
    const fault = headFault(koa.req);
    if (fault === undefined) return next();
    options.last(koa.req.socket);
    return answer(koa as RouterContext, undefined, options, fault);
  });
  app.use(router.routes());
  app.use((koa) => answer(koa as RouterContext, undefined, options));
  return app;
}

/** One request, from its first header to the end of its answer. */
async function answer(
  koa: RouterContext,
  found: Route | undefined,
  { hook, problemTypes, bodyLimitBytes, bodies, logger, stopping }: ServerSettings,
  fault?: CodedError,
): Promise<void> {
  const exchange: HttpExchange = {
    method: koa.method,
    // A faulty address may have no readable path.
    path: fault === undefined ? koa.path : '',
    route: found?.path,
    params: koa.params ?? {},
    header: (name) => koa.get(name) || undefined,
  };
  const gone = new AbortController();
  const ctx = hook.before(withSignal(background(), gone.signal), exchange);
  const trace = traceId(ctx);
  if (trace !== '') koa.set('x-trace-id', trace);
  const awaits100 = koa.headers.expect !== undefined && koa.req.httpVersion !== '1.0';
  let error: CodedError | undefined;
  let held = 0;
  koa.res.once('close', () => {
    const left = !koa.res.writableFinished;
    if (left) gone.abort(new CodedError('cancelled', 'cancelled', 'The caller disconnected.'));
    hook.after(
      ctx,
      exchange,
      left ? { status: 499, error: gone.signal.reason } : { status: koa.res.statusCode, error },
    );
  });
  try {
    if (found === undefined) throw fault ?? notServed(koa);
    const bytes = await readBody(koa.req, bodyLimitBytes, bodies, () => {
      if (awaits100) koa.res.writeContinue();
    });
    held = bytes.length;
    write(koa, await found.serve(ctx, httpRequest(koa, exchange, bytes)));
  } catch (thrown) {
    const heard = thrown instanceof EndpointFailure;
    error = codedError(heard ? thrown.cause : thrown);
    if (error.kind === 'internal' && !heard) {
      logger.error({ err: thrown, trace_id: trace }, 'HTTP request failed');
    }
    const more = thrown instanceof UnsupportedBody ? thrown.accepted : {};
    writeProblem(koa, problemDocument(error, trace, problemTypes), error, more);
  } finally {
    bodies.give(held);
  }
  // The sender of a faulty head may disagree with us about where the request ends.
  if (fault !== undefined) koa.set('connection', 'close');
  // Otherwise the connection would stay for the next request, and keep `stop` waiting.
  if (stopping()) koa.set('connection', 'close');
}

function httpRequest(koa: RouterContext, exchange: HttpExchange, bytes: Buffer): HttpRequest {
  return {
    method: koa.method,
    path: koa.path,
    params: exchange.params,
    query: new URLSearchParams(koa.querystring),
    headers: koa.headers,
    headerValues: (name) => koa.req.headersDistinct[name] ?? [],
    hasBody: bytes.length > 0,
    body: () => jsonBody(koa.headers, bytes),
  };
}

/** 405 if the path is served with other methods, else 404. */
function notServed(koa: RouterContext): CodedError {
  const methods = new Set((koa.matched ?? []).flatMap((layer) => layer.methods));
  if (methods.size === 0)
    return new CodedError('not_found', 'not_found', 'Nothing is at this path.');
  const allowed = [...methods].sort().join(', ');
  koa.set('allow', allowed);
  const message = `${koa.method} is not allowed here; use ${allowed}.`;
  return new CodedError('method_not_allowed', 'method_not_allowed', message);
}

function write(koa: RouterContext, response: HttpResponse): void {
  // Serialized first: a body that cannot be written must not leave half an answer.
  const body = response.body === undefined ? '' : jsonOf(response.body);
  koa.set(safeHeaders);
  koa.status = response.status;
  koa.body = body;
  if (response.body === undefined) koa.remove('content-type');
  else koa.set('content-type', 'application/json; charset=utf-8');
  koa.set(response.headers ?? {});
}

const jsonOf = (body: unknown): string =>
  body instanceof JsonText ? body.text : JSON.stringify(body);

function writeProblem(
  koa: RouterContext,
  document: ProblemDocument,
  error: CodedError,
  more: Readonly<Record<string, string>>,
): void {
  const wait = retryAfterSeconds(error);
  write(koa, {
    status: document.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(wait !== undefined && { 'retry-after': String(wait) }),
      ...more,
    },
    body: document,
  });
}
