import type {
  OrderAnswer,
  OrderEventsAnswer,
  OrderListAnswer,
} from '../../../shared/contracts/http.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { remaining } from '../../../shared/kit/context.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import { kindOfHttp } from '../../../shared/kit/transport/kind-of-status.ts';
import type { Caller } from './asker.ts';

export type Decision = 'cancel' | 'approve' | 'reject';

/**
 * ordersvc over HTTP, asked in a caller's name: it decides who may see and do what. Its
 * refusals keep their code and words. Rejects with `unavailable` (code `ordersvc_away`) or
 * `timeout` (code `no_answer_in_time`) without an answer; a decision may then have been taken,
 * and can be repeated.
 */
export interface OrdersClient {
  list(ctx: Context, query: URLSearchParams, caller: Caller): Promise<OrderListAnswer>;
  events(ctx: Context, orderId: string, caller: Caller): Promise<OrderEventsAnswer>;
  decide(
    ctx: Context,
    decided: {
      readonly orderId: string;
      readonly decision: Decision;
      readonly reason: string | undefined;
    },
    caller: Caller,
  ): Promise<OrderAnswer>;
}

export interface OrdersClientOptions {
  /** Without a slash at its end. */
  readonly url: string;
  /** Where the context has no nearer deadline. */
  readonly timeoutMs: number;
  /** Headers that continue the trace of `ctx`. */
  readonly traced: (ctx: Context) => Readonly<Record<string, string>>;
}

export function ordersClient({ url, timeoutMs, traced }: OrdersClientOptions): OrdersClient {
  async function call<T>(
    ctx: Context,
    method: 'GET' | 'POST',
    path: string,
    { authorization }: Caller,
    body?: object,
  ): Promise<T> {
    const waitMs = Math.min(timeoutMs, remaining(ctx, timeoutMs));
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/api/orders${path}`, {
        method,
        headers: {
          ...traced(ctx),
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        // Who could redirect us would get the caller's token.
        redirect: 'error',
        signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(waitMs)]),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      ctx.signal.throwIfAborted();
      throw noAnswer(waitMs, cause);
    }
    if (!response.ok) throw refusal(response, text);
    return JSON.parse(text) as T;
  }

  return {
    list: (ctx, query, caller) => call(ctx, 'GET', `?${query}`, caller),
    events: async (ctx, orderId, caller) => call(ctx, 'GET', `${pathOf(orderId)}/events`, caller),
    decide: async (ctx, { orderId, decision, reason }, caller) =>
      call(
        ctx,
        'POST',
        `${pathOf(orderId)}/${decision}`,
        caller,
        reason === undefined ? undefined : { reason },
      ),
  };
}

/** Throws CodedError `not_found` (code `order_not_found`) for what would lead elsewhere: addresses drop `.` and `..`. */
function pathOf(orderId: string): string {
  if (orderId !== '.' && orderId !== '..') return `/${encodeURIComponent(orderId)}`;
  throw new CodedError('not_found', 'order_not_found', `There is no order ${orderId}.`);
}

function noAnswer(waitMs: number, cause: unknown): CodedError {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') {
    const message = `ordersvc did not answer within ${Math.round(waitMs / 1_000)} s.`;
    return new CodedError('timeout', 'no_answer_in_time', message, { cause });
  }
  return new CodedError('unavailable', 'ordersvc_away', 'ordersvc does not answer.', { cause });
}

/** The refusal in a problem document, as an error of our own that becomes the same document. */
function refusal(response: Response, text: string): CodedError {
  const said = problemIn(text);
  const kind = kindOfHttp(response.status);
  const code = typeof said.code === 'string' ? said.code : `http_${response.status}`;
  const message =
    typeof said.detail === 'string' ? said.detail : `ordersvc answered ${response.status}.`;
  const waitS = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new CodedError(kind, code, message, {
    ...(Array.isArray(said.problems) && { problems: said.problems as Problem[] }),
    ...(waitS > 0 && { retryAfterMs: waitS * 1_000 }),
  });
}

function problemIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
