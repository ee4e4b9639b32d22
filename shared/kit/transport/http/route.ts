import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../../context.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { CodedError } from '../../errors.ts';
import type { JsonText } from './json.ts';
import type { Operation, Parameter } from './openapi/operation.ts';
import { refusingOthers } from './query.ts';
import type { Content } from './sending/content.ts';
import type { EventFeed } from './sending/event-feed.ts';

/** A request as `decode` reads it. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Parameters of the route, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The values of a header that was sent more than once are joined by commas. */
  readonly headers: IncomingHttpHeaders;
  /** The values of a header, one for each time it was sent. */
  headerValues(name: string): readonly string[];
  /** Whether the caller sent a body; an empty one does not count, however it is announced. */
  readonly hasBody: boolean;
  /**
   * The JSON body, every number as NumberAsWritten. Throws CodedError
   * `unsupported_media_type` or `malformed`. A route without a body does not call it, and
   * any body is ignored.
   */
  body(): unknown;
}

/** What is known of a request before its body is read. */
export interface HttpHead extends Pick<HttpRequest, 'headerValues'> {
  /** Callers with the same one share their limits; see Principal. */
  readonly share: string;
}

/** What `encode` makes of a response: `body` is sent as JSON; without one the answer is empty. */
export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JsonText and Content are sent unchanged; an EventFeed goes on until its reader leaves. */
  readonly body?: unknown | JsonText | Content | EventFeed;
}

/** A method and path that are served; made by `route`. */
export interface Route {
  readonly method: string;
  readonly path: string;
  /** The parameters that its query may have. */
  readonly query: readonly Parameter[];
  /** Its OpenAPI description; undefined if it is not described. */
  readonly operation: Operation | undefined;
  /** Whether strangers are served, too; see HttpServerOptions.whoCalls. */
  readonly open: boolean;
  /** Why a request is refused before its body is read; undefined: it is served. It may be called twice for one. */
  readonly admit: ((head: HttpHead) => CodedError | undefined) | undefined;
  /** The endpoint's errors come as EndpointFailure: its middlewares have logged them. */
  readonly serve: (ctx: Context, http: HttpRequest) => Promise<HttpResponse>;
}

/** An endpoint's failure, as opposed to one of `decode` and `encode`, which nobody has logged. */
export class EndpointFailure extends Error {}

/**
 * Defines an operation once: a method and a path pattern of @koa/router, how a request is
 * decoded, which endpoint answers it, how its answer is encoded, and its OpenAPI
 * description. A request whose query has a parameter that `query` does not name is
 * refused (code `invalid_query`), together with all that `decode` finds wrong with it:
 * ignoring a filter would answer another question.
 */
export function route<Request, Response>(options: {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Default: none. */
  readonly query?: readonly Parameter[];
  /** Whether callers are served who have not shown who they are. Default: they are not. */
  readonly open?: boolean;
  /**
   * Called first, with the request's head alone, and perhaps again: what it returns refuses the
   * request before anything is done for it. Default: every request is served.
   */
  readonly admit?: (head: HttpHead) => CodedError | undefined;
  readonly decode: (http: HttpRequest) => Request;
  readonly endpoint: Endpoint<Request, Response>;
  readonly encode: (response: Response, http: HttpRequest) => HttpResponse;
  readonly operation?: Operation;
}): Route {
  const { method, path, query = [], open = false } = options;
  const { admit, endpoint, encode, operation } = options;
  const names = query.map(({ name }) => name);
  const decode = refusingOthers(names, options.decode);
  return {
    method,
    path,
    query,
    operation,
    open,
    admit,
    serve: async (ctx, http) => {
      const request = decode(http);
      const response = await endpoint(ctx, request).catch((cause: unknown) => {
        throw new EndpointFailure('', { cause });
      });
      return encode(response, http);
    },
  };
}
