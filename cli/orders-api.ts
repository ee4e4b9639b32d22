import { CodedError, type Kind } from '../shared/kit/errors.ts';
import { kindOfHttp } from '../shared/kit/transport/kind-of-status.ts';

/** The part of ordersvc's HTTP interface that the command needs. */
export interface OrdersApi {
  /**
   * Resolves with a 2xx answer. Rejects with RefusedRequest for any other, and with
   * `unavailable` or `timeout` without one; the request may then have taken effect.
   */
  call(method: 'GET' | 'POST', path: string, request?: ApiRequest): Promise<ApiAnswer>;
}

export interface ApiRequest {
  /** JSON text, sent unchanged, so that numbers keep their digits. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  /** As it came. */
  readonly text: string;
  readonly traceId: string | undefined;
}

/** An answer other than 2xx. Its message is one line for people. */
export class RefusedRequest extends CodedError {
  /** The problem document, or another body, unchanged. */
  readonly body: string;
  constructor(kind: Kind, code: string, message: string, body: string) {
    super(kind, code, message);
    this.body = body;
  }
}

const TIMEOUT_MS = 15_000;

/**
 * The service at `url`, such as `http://127.0.0.1:3000`. Where it asks for one, ORDERS_TOKEN
 * holds the caller's token.
 */
export function ordersApi(url: string): OrdersApi {
  const token = process.env.ORDERS_TOKEN?.trim();
  return {
    async call(method, path, { body, headers = {} } = {}) {
      let response: Response;
      let text: string;
      try {
        response = await fetch(new URL(path, url), {
          method,
          headers: {
            ...(token && { authorization: `Bearer ${token}` }),
            ...headers,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          signal: AbortSignal.timeout(TIMEOUT_MS),
          ...(body !== undefined && { body }),
        });
        text = await response.text();
      } catch (cause) {
        throw noAnswer(new URL(url).host, cause);
      }
      if (!response.ok) throw refusedRequest(response.status, text);
      return { text, traceId: response.headers.get('x-trace-id') ?? undefined };
    },
  };
}

function noAnswer(host: string, cause: unknown): CodedError {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    const message = `ordersvc at ${host} did not answer within ${TIMEOUT_MS / 1_000} s.`;
    return new CodedError('timeout', 'no_answer_in_time', message, { cause });
  }
  const message = `No ordersvc answers at ${host} → run make start, or name another address with --orders`;
  return new CodedError('unavailable', 'ordersvc_away', message, { cause });
}

/** An answer with `status` as an error; a problem document becomes one line. */
export function refusedRequest(status: number, body: string): RefusedRequest {
  const problem = parsed(body);
  const code = typeof problem.code === 'string' ? problem.code : `http_${status}`;
  const detail =
    typeof problem.detail === 'string' ? problem.detail : `The answer was HTTP ${status}.`;
  const listed: unknown[] = Array.isArray(problem.problems) ? problem.problems : [];
  const fields = listed.map((one) => {
    const { field, message } = one as { field?: unknown; message?: unknown };
    return `${field} ${message}`;
  });
  // The detail of a wrong body names its fields already, or says only that there are some.
  const unsaid = fields.filter((text) => !detail.includes(text));
  const said =
    unsaid.length === 0 ? detail : `${detail.replace(/[.]$/, '')}: ${unsaid.join('; ')}.`;
  const line = said.replace(/\s+/g, ' ');
  return new RefusedRequest(kindOfHttp(status), code, `${line} (${code})`, body);
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
