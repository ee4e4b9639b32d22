import { STATUS_CODES } from 'node:http';
import { type CodedError, kinds, type Problem } from '../../errors.ts';

/** An error in the form of RFC 9457. `code` is stable and for programs; `type` contains it: see `types` below. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly problems?: readonly Problem[];
  readonly trace_id?: string;
}

/** How long a caller waits that should retry but is not told when. */
const DEFAULT_RETRY_AFTER_SECONDS = 1;

/** What a caller reads about an internal failure, whatever the error says. */
const ours = 'Something went wrong on our side.';

/**
 * The problem document for `error`. It reveals no internals: not the cause, and for a 500
 * not even the message. `traceId` may be empty.
 *
 * @param types what a problem's `type` begins with; its code follows
 */
export function problemDocument(
  error: CodedError,
  traceId: string,
  types: string,
): ProblemDocument {
  const status = kinds[error.kind].http;
  const { code, problems } = error;
  const detail = status === 500 ? ours : error.message;
  return {
    ...refusalDocument({ status, code, detail }, traceId, types),
    ...(problems.length > 0 && { problems }),
  };
}

/** A refusal by HTTP itself, before any request that an endpoint could answer. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** The problem document for `refusal`. `traceId` and `types` as in `problemDocument`. */
export function refusalDocument(
  { status, code, detail }: Refusal,
  traceId: string,
  types: string,
): ProblemDocument {
  return {
    type: types + code,
    title: STATUS_CODES[status] ?? 'Client Closed Request',
    status,
    detail,
    code,
    ...(traceId !== '' && { trace_id: traceId }),
  };
}

/** Value of Retry-After in seconds, at least 1; undefined if a retry would not help. */
export function retryAfterSeconds(error: CodedError): number | undefined {
  if (error.retryAfterMs !== undefined) return Math.max(1, Math.ceil(error.retryAfterMs / 1000));
  const status = kinds[error.kind].http;
  return status === 429 || status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : undefined;
}
