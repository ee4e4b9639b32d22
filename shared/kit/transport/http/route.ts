import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../../context.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { JsonText } from './json.ts';
import type { Operation, Parameter } from './openapi/operation.ts';
import { refusingOthers } from './query.ts';

/** A request as `decode` reads it. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the route, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** A header that was sent more than once is joined by commas here. */
  readonly headers: IncomingHttpHeaders;
  /** The values of a header, one for each time that it was sent. */
  headerValues(name: string): readonly string[];
  /** Whether the caller sent a body; one without a byte is none, however it is announced. */
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
  /** What is JSON already is sent as it is. */
  readonly body?: unknown | JsonText;
}

/** A method and path that are served; made by `route`. */
export interface Route {
  readonly method: string;
  readonly path: string;
  /** The parameters that its query may have. */
  readonly query: readonly Parameter[];
  /** What it tells of itself; undefined where it is not to be described. */
  readonly operation: Operation | undefined;
  /** What the endpoint rejects with comes as EndpointFailure: its middlewares have logged it. */
  readonly serve: (ctx: Context, http: HttpRequest) => Promise<HttpResponse>;
}

/** An endpoint's failure, as opposed to one of `decode` and `encode`, which nobody has heard of. */
export class EndpointFailure extends Error {}

/**
 * Tells an operation once: a method and a path pattern of @koa/router, how a request
 * is decoded, which endpoint answers it, how its answer is encoded, and what the
 * OpenAPI document says of it. A request whose
 * query has another parameter than `query` names is refused (code
 * `invalid_query`), together with all that `decode` finds wrong with it: to pass
 * over what narrows an answer would be to answer another question.
 */
export function route<Request, Response>(options: {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** None unless said. */
  readonly query?: readonly Parameter[];
  readonly decode: (http: HttpRequest) => Request;
  readonly endpoint: Endpoint<Request, Response>;
  readonly encode: (response: Response, http: HttpRequest) => HttpResponse;
  readonly operation?: Operation;
}): Route {
  const { method, path, query = [], endpoint, encode, operation } = options;
  const names = query.map(({ name }) => name);
  const decode = refusingOthers(names, options.decode);
  return {
    method,
    path,
    query,
    operation,
    serve: async (ctx, http) => {
      const request = decode(http);
      const response = await endpoint(ctx, request).catch((cause: unknown) => {
        throw new EndpointFailure('', { cause });
      });
      return encode(response, http);
    },
  };
}
