import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import Router, { type RouterContext } from '@koa/router';
import Koa from 'koa';
import { background, withPrincipal, withSignal } from '../../context.ts';
import { CodedError, codedError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { type Meter, noMeter } from '../../metrics/meter.ts';
import { tokenMissing } from '../../principal.ts';
import { isLoopback } from '../../process/address/loopback.ts';
import type { Component } from '../../process/lifecycle.ts';
import { traceId } from '../../trace-id.ts';
import { type ByteBudget, byteBudget } from '../byte-budget.ts';
import { guarded, type Hook, noHook, type Outcome } from '../hooks.ts';
import { listenOn } from '../net-listening.ts';
import { jsonBody, readBody, UnsupportedBody } from './body.ts';
import { foreignPage } from './callers/foreign-page.ts';
import { askedOnce, type WhoCalls, whoCalls } from './callers/who-calls.ts';
import type { HttpExchange } from './exchange.ts';
import { headerText, headerValues, headFault } from './head.ts';
import { drain, type HttpLimits, httpLimits, limitedServer } from './http-listening.ts';
import { measuringRequests } from './metrics/request-metrics.ts';
import { problemDocument } from './problem.ts';
import { refusingByHead } from './refusing/refused-by-head.ts';
import { refuseUnserved } from './refusing/refused-requests.ts';
import { EndpointFailure, type HttpRequest, type Route } from './route.ts';
import { safeHeaders } from './safe-headers.ts';
import { EventFeed, feedHeaders, runFeed } from './sending/event-feed.ts';
import { problemAnswer, writeAnswer } from './sending/write-answer.ts';

export interface HttpServerOptions {
  /** On loopback, requests that web pages send from a browser are refused; see foreign-page.ts. */
  readonly host: string;
  /** 0: the system chooses one. */
  readonly port: number;
  /** The first match serves. */
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly hook?: Hook<HttpExchange>;
  /** Measures each request. Default: none is measured. */
  readonly meter?: Meter;
  /**
   * Who sends a request. Strangers get only routes that are open to them, and otherwise 401
   * before their body is read. Default: nobody is asked, as if all were people of this machine.
   */
  readonly whoCalls?: WhoCalls;
  /** What the `type` of a problem document begins with; the error's code follows. Default `urn:problem:`. */
  readonly problemTypes?: string;
  readonly bodyLimitBytes?: number;
  /** How long `stop` waits for pending answers, in milliseconds. */
  readonly drainMs?: number;
  readonly limits?: Partial<HttpLimits>;
}

/** Asks nobody. */
const everybody = whoCalls({ tokens: undefined, trusting: true, trustedProxies: 0 });

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
  const hook = measuringRequests(guarded(given.hook ?? noHook), given.meter ?? noMeter);
  const feeds = new Set<ServerResponse>();
  const options = {
    ...defaults,
    ...given,
    hook,
    whoIs: askedOnce(given.whoCalls ?? everybody),
    bodies: byteBudget(limits.bodiesBytes),
    stopping: () => stopped !== undefined,
    feeds,
    last: (socket: Duplex) => refusing.last(socket),
  };
  const server = limitedServer(limits, given.logger);
  const refusing = refuseUnserved(server, hook, options.problemTypes, listener(options));
  return {
    name: 'http',
    port: () => (server.address() as AddressInfo).port,
    notReady: () => (server.listening ? undefined : 'not listening'),
    start: () => listenOn(server, 'HTTP', options.host, options.port, options.logger),
    stop: () => {
      for (const feed of feeds) feed.end();
      stopped ??= drain(server, options.drainMs);
      return stopped;
    },
  };
}

type ServerSettings = HttpServerOptions &
  typeof defaults & {
    readonly hook: Hook<HttpExchange>;
    /** Who sends a request; see askedOnce. */
    readonly whoIs: WhoCalls;
    /** The bytes of all bodies held. */
    readonly bodies: ByteBudget;
    /** Answers that go on. */
    readonly feeds: Set<ServerResponse>;
    stopping(): boolean;
    /** See Refusing. */
    last(socket: Duplex): void;
  };

function listener(options: ServerSettings): RequestListener {
  const faults = new WeakMap<IncomingMessage, CodedError>();
  const served = application(options, faults).callback();
  const refusedByHead = refusingByHead(options);
  const onLoopback = isLoopback(options.host);
  // Who shows a token is judged by it: no page and no name that leads here has one.
  const asksTokens = options.whoCalls !== undefined;
  const fromPage = (request: IncomingMessage) =>
    onLoopback && !(asksTokens && request.headers.authorization !== undefined)
      ? foreignPage(request)
      : undefined;
  return (request, response) => {
    try {
      const fault = headFault(request) ?? fromPage(request);
      if (fault !== undefined) faults.set(request, fault);
      else if (refusedByHead(request, response)) return;
    } catch (err) {
      options.logger.error({ err }, 'an HTTP request could not be refused');
      response.destroy();
      return;
    }
    void served(request, response);
  };
}

function application(
  options: ServerSettings,
  faults: { get(request: IncomingMessage): CodedError | undefined },
): Koa {
  const app = new Koa();
  // Only a broken connection ends up here: everything else was answered below.
  app.on('error', (err) => options.logger.debug({ err }, 'an HTTP response was not delivered'));
  const router = new Router({ sensitive: true });
  for (const each of options.routes) {
    router.register(each.path, [each.method], (koa) => answer(koa, each, options));
  }
  app.use((koa, next) => {
    const fault = faults.get(koa.req);
    if (fault === undefined) return next();
    options.last(koa.req.socket);
    return answer(koa as RouterContext, undefined, options, fault);
  });
  app.use(router.routes());
  app.use((koa) => answer(koa as RouterContext, undefined, options));
  return app;
}

/** One request, from its first header to the end of its answer. Of a feed, hooks see it until its head. */
async function answer(
  koa: RouterContext,
  found: Route | undefined,
  settings: ServerSettings,
  fault?: CodedError,
): Promise<void> {
  const { hook, problemTypes, bodyLimitBytes, bodies, logger, stopping, feeds } = settings;
  const exchange: HttpExchange = {
    method: koa.method,
    // A faulty address may have no readable path.
    path: fault === undefined ? koa.path : '',
    route: found?.path,
    params: koa.params ?? {},
    header: (name) => headerText(koa.headers, name),
  };
  const gone = new AbortController();
  const ctx = hook.before(withSignal(background(), gone.signal), exchange);
  const trace = traceId(ctx);
  if (trace !== '') koa.res.setHeader('x-trace-id', trace);
  // It is written here, without koa's guesses about types and lengths.
  koa.respond = false;
  const awaits100 = koa.headers.expect !== undefined && koa.req.httpVersion !== '1.0';
  let error: CodedError | undefined;
  let told = false;
  const ended = (outcome: Outcome) => {
    if (!told) hook.after(ctx, exchange, outcome);
    told = true;
  };
  let held = 0;
  koa.res.once('close', () => {
    // A feed ends when its reader leaves.
    const fed = feeds.delete(koa.res);
    const left = !koa.res.writableFinished && !fed;
    if (fed) gone.abort();
    if (left) gone.abort(new CodedError('cancelled', 'cancelled', 'The caller disconnected.'));
    ended(
      left ? { status: 499, error: gone.signal.reason } : { status: koa.res.statusCode, error },
    );
  });
  try {
    if (found === undefined) throw fault ?? notServed(koa);
    const asked = settings.whoIs(koa.req);
    const principal = asked instanceof Promise ? await asked : asked;
    if (principal.kind === 'stranger' && !found.open) throw tokenMissing();
    const refusal = found.admit?.({
      headerValues: (name) => headerValues(koa.req, name),
      share: principal.share,
    });
    if (refusal !== undefined) throw refusal;
    const bytes = await readBody(koa.req, bodyLimitBytes, bodies, () => {
      if (awaits100) koa.res.writeContinue();
    });
    held = bytes.length;
    const answered = await found.serve(
      withPrincipal(ctx, principal),
      httpRequest(koa, exchange, bytes),
    );
    if (answered.body instanceof EventFeed) {
      koa.res.writeHead(answered.status, { ...safeHeaders, ...feedHeaders, ...answered.headers });
      if (koa.method === 'HEAD' || stopping()) koa.res.end();
      else {
        if (!koa.res.destroyed) feeds.add(koa.res);
        runFeed(answered.body, koa.res);
        // A feed of hours is no slow answer.
        ended({ status: answered.status, error: undefined });
      }
    } else writeAnswer(koa.res, answered, stopping());
  } catch (thrown) {
    const heard = thrown instanceof EndpointFailure;
    error = codedError(heard ? thrown.cause : thrown);
    if (error.kind === 'internal' && !heard) {
      logger.error({ err: thrown, trace_id: trace }, 'HTTP request failed');
    }
    const more = thrown instanceof UnsupportedBody ? thrown.accepted : {};
    // The sender of a faulty head may disagree with us about where the request ends.
    const last = stopping() || fault !== undefined;
    const document = problemDocument(error, trace, problemTypes);
    writeAnswer(koa.res, problemAnswer(document, error, more), last);
  } finally {
    bodies.give(held);
  }
}

const noQuery = new URLSearchParams();

function httpRequest(koa: RouterContext, exchange: HttpExchange, bytes: Buffer): HttpRequest {
  return {
    method: koa.method,
    path: koa.path,
    params: exchange.params,
    query: koa.querystring === '' ? noQuery : new URLSearchParams(koa.querystring),
    headers: koa.headers,
    headerValues: (name) => headerValues(koa.req, name),
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
  koa.res.setHeader('allow', allowed);
  const message = `${koa.method} is not allowed here; use ${allowed}.`;
  return new CodedError('method_not_allowed', 'method_not_allowed', message);
}
