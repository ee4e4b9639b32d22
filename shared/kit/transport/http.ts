import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router, { type RouterContext } from '@koa/router';
import Koa from 'koa';
import { background, type Context, withSignal } from '../context.ts';
import type { Endpoint } from '../endpoint.ts';
import { CodedError, codedError } from '../errors.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { traceId } from '../trace-id.ts';
import { type Hook, noHook } from './hooks.ts';
import { hasBody, jsonBody, readBody } from './http-body.ts';
import { problemDocument, retryAfterSeconds } from './problem.ts';

/** A request as `decode` reads it. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the route, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Whether the caller sent a body at all. */
  readonly hasBody: boolean;
  /**
   * The JSON body, every number as NumberAsWritten. Throws CodedError
   * `unsupported_media_type` or `malformed`. A route that wants no body does
   * not call it, and whatever was sent is ignored.
   */
  body(): unknown;
}

/** What `encode` makes of a response: `body` is sent as JSON; without one the answer is empty. */
export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a hook sees of a request. */
export interface HttpExchange {
  readonly method: string;
  readonly path: string;
  /** The pattern of the route, `/api/orders/:id`; undefined for a path or method that is not served. */
  readonly route: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  header(name: string): string | undefined;
}

/** A method and path that are served; made by `route`. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly serve: (ctx: Context, http: HttpRequest) => Promise<HttpResponse>;
}

/** Ties an endpoint to a method and a path pattern of @koa/router. */
export function route<Request, Response>(options: {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly decode: (http: HttpRequest) => Request;
  readonly endpoint: Endpoint<Request, Response>;
  readonly encode: (response: Response, http: HttpRequest) => HttpResponse;
}): Route {
  const { method, path, decode, endpoint, encode } = options;
  return {
    method,
    path,
    serve: async (ctx, http) => encode(await endpoint(ctx, decode(http)), http),
  };
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The first that matches serves. */
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly hook?: Hook<HttpExchange>;
  readonly bodyLimitBytes?: number;
  /** How long `stop` waits for answers that are being made, in milliseconds. */
  readonly drainMs?: number;
}

const defaults = { hook: noHook, bodyLimitBytes: 256 * 1024, drainMs: 5000 };

/** A caller that dribbles its request holds a connection no longer than this. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * Serves endpoints over HTTP. Errors become problem documents (RFC 9457) by
 * the table in errors.ts; every answer carries `x-trace-id`; a caller that
 * goes away aborts `ctx.signal`. `start` rejects where it cannot listen; `stop`
 * drains, closes what is left after `drainMs`, and may be called twice.
 */
export function httpServer(given: HttpServerOptions): Component & { port(): number } {
  let stopped: Promise<void> | undefined;
  const options = { ...defaults, ...given, stopping: () => stopped !== undefined };
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
  }).on('request', application(options).callback());
  return {
    name: 'http',
    port: () => (server.address() as AddressInfo).port,
    notReady: () => (server.listening ? undefined : 'not listening'),
    start: () => listen(server, options.host, options.port),
    stop: () => {
      stopped ??= drain(server, options.drainMs);
      return stopped;
    },
  };
}

type ServerSettings = HttpServerOptions & typeof defaults & { stopping(): boolean };

function application(options: ServerSettings): Koa {
  const app = new Koa();
  // Only a broken connection ends up here: everything else was answered below.
  app.on('error', (err) => options.logger.debug({ err }, 'an HTTP answer was not delivered'));
  const router = new Router({ sensitive: true });
  for (const each of options.routes) {
    router.register(each.path, [each.method], (koa) => answer(koa, each, options));
  }
  app.use(router.routes());
  app.use((koa) => answer(koa as RouterContext, undefined, options));
  return app;
}

/** One request, from its first header to the end of its answer. */
async function answer(
  koa: RouterContext,
  found: Route | undefined,
  { hook, bodyLimitBytes, logger, stopping }: ServerSettings,
): Promise<void> {
  const exchange: HttpExchange = {
    method: koa.method,
    path: koa.path,
    route: found?.path,
    params: koa.params ?? {},
    header: (name) => koa.get(name) || undefined,
  };
  const gone = new AbortController();
  const ctx = hook.before(withSignal(background(), gone.signal), exchange);
  const trace = traceId(ctx);
  let error: CodedError | undefined;
  koa.res.once('close', () => {
    const left = !koa.res.writableFinished;
    if (left) gone.abort(new CodedError('cancelled', 'cancelled', 'The caller went away.'));
    hook.after(
      ctx,
      exchange,
      left ? { status: 499, error: gone.signal.reason } : { status: koa.res.statusCode, error },
    );
  });
  try {
    if (found === undefined) throw notServed(koa);
    const bytes = await readBody(koa.req, bodyLimitBytes);
    write(koa, trace, await found.serve(ctx, httpRequest(koa, exchange, bytes)));
  } catch (thrown) {
    error = codedError(thrown);
    // The endpoint's middlewares log what it throws; a bug in decode or encode is seen only here.
    if (error.kind === 'internal')
      logger.error({ err: thrown, trace_id: trace }, 'HTTP request failed');
    writeProblem(koa, trace, error);
  }
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
    hasBody: hasBody(koa.headers),
    body: () => jsonBody(koa.headers, bytes),
  };
}

/** 405 where the path is served with other methods, else 404. */
function notServed(koa: RouterContext): CodedError {
  const methods = new Set((koa.matched ?? []).flatMap((layer) => layer.methods));
  if (methods.size === 0)
    return new CodedError('not_found', 'not_found', 'There is nothing at this path.');
  const allowed = [...methods].sort().join(', ');
  koa.set('allow', allowed);
  const message = `${koa.method} is not allowed here; allowed are ${allowed}.`;
  return new CodedError('method_not_allowed', 'method_not_allowed', message);
}

function write(koa: RouterContext, trace: string, response: HttpResponse): void {
  // Made first: what cannot be written must not leave half an answer behind.
  const body = response.body === undefined ? '' : JSON.stringify(response.body);
  koa.status = response.status;
  if (trace !== '') koa.set('x-trace-id', trace);
  koa.body = body;
  if (response.body === undefined) koa.remove('content-type');
  else koa.set('content-type', 'application/json; charset=utf-8');
  koa.set(response.headers ?? {});
}

function writeProblem(koa: RouterContext, trace: string, error: CodedError): void {
  const document = problemDocument(error, trace);
  const wait = retryAfterSeconds(error);
  write(koa, trace, {
    status: document.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(wait !== undefined && { 'retry-after': String(wait) }),
    },
    body: document,
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(new Error(`HTTP cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
    server.once('error', failed).listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** `close` also ends the connections that are idle; those that are not end with their answer. */
function drain(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
