/** Converts coded errors to gRPC statuses and back. The trailers hold what a status cannot say. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CodedError, codedError, type Kind, kinds, type Problem } from '../../errors.ts';

const trailers = {
  code: 'error-code',
  kind: 'error-kind',
  problems: 'error-problems',
  retryAfterMs: 'error-retry-after-ms',
} as const;

/** Trailers are headers: together they must stay well under what a peer accepts (16 kB at some). */
const MAX_PROBLEMS_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 1024;

/**
 * True if a call failed because its server does not know it: the server is of another
 * release or another program, or a proxy answered in its place.
 */
export const isUnimplemented = (error: unknown): boolean =>
  codedError(error).code === 'unimplemented';

/** What a caller reads about an internal failure, whatever the error says. */
const ours = 'Something went wrong on our side.';

/**
 * `error` as the status that ends a call, by the table in errors.ts, with its code, kind
 * and problems (as many as fit) in the trailers. It reveals no internals.
 */
export function toServiceError(error: unknown): ServiceError {
  const coded = codedError(error);
  const row = kinds[coded.kind];
  const metadata = new Metadata();
  metadata.set(trailers.code, coded.code);
  metadata.set(trailers.kind, coded.kind);
  if (coded.problems.length > 0) metadata.set(trailers.problems, problemsText(coded.problems));
  if (coded.retryAfterMs !== undefined) {
    metadata.set(trailers.retryAfterMs, String(Math.ceil(coded.retryAfterMs)));
  }
  // A character cut in half cannot be encoded: grpc-js would throw, and end the process.
  const message = coded.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const details = row.grpc === status.INTERNAL ? ours : message;
  return Object.assign(new Error(details), { code: row.grpc, details, metadata });
}

/** JSON in ASCII, since a header holds nothing else. */
function problemsText(problems: readonly Problem[]): string {
  let text = '[';
  for (const problem of problems) {
    const next = JSON.stringify({ field: problem.field, message: problem.message }).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    if (text.length + next.length + 2 > MAX_PROBLEMS_BYTES) break;
    text += (text === '[' ? '' : ',') + next;
  }
  return `${text}]`;
}

/** The kind for a status whose sender did not name one. */
const kindOfStatus: Readonly<Partial<Record<status, Kind>>> = {
  [status.CANCELLED]: 'cancelled',
  [status.INVALID_ARGUMENT]: 'invalid',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.NOT_FOUND]: 'not_found',
  [status.ALREADY_EXISTS]: 'already_exists',
  [status.PERMISSION_DENIED]: 'forbidden',
  [status.UNAUTHENTICATED]: 'unauthenticated',
  [status.RESOURCE_EXHAUSTED]: 'overloaded',
  [status.FAILED_PRECONDITION]: 'precondition_failed',
  [status.ABORTED]: 'conflict',
  [status.UNAVAILABLE]: 'unavailable',
};

/**
 * The coded error of a failed call: from the server's trailers, else from its status. A
 * connection that could not be made, or broke during the call, is `unavailable` (the
 * outcome of the call is unknown). An error that is not gRPC's goes through `codedError`.
 */
export function fromServiceError(error: unknown): CodedError {
  if (!isServiceError(error)) return codedError(error);
  const text = (key: string) => {
    const [value] = error.metadata?.get(key) ?? [];
    return typeof value === 'string' ? value : undefined;
  };
  const code = text(trailers.code);
  if (code === undefined) return withoutTrailers(error);
  const told = text(trailers.kind) as Kind | undefined;
  // A kind is trusted only if it matches the status, which proxies judge by.
  const kind =
    told !== undefined && Object.hasOwn(kinds, told) && kinds[told].grpc === error.code
      ? told
      : (kindOfStatus[error.code] ?? 'internal');
  const retryAfterMs = Number(text(trailers.retryAfterMs) ?? Number.NaN);
  return new CodedError(kind, code, error.details, {
    cause: error,
    problems: readProblems(text(trailers.problems)),
    ...(Number.isFinite(retryAfterMs) && { retryAfterMs }),
  });
}

/**
 * The failure came from the connection or the library. Its details name addresses, so
 * they go into the cause. A server that dies or shuts down during a call shows as a reset
 * stream or as CANCELLED.
 */
function withoutTrailers(error: ServiceError): CodedError {
  // A mistake of the operator, not an answer to a caller or an event: it may pass later.
  if (error.code === status.UNIMPLEMENTED) {
    return new CodedError('internal', 'unimplemented', ours, { cause: error });
  }
  const kind = /RST_STREAM|[Cc]onnection|ECONN/.test(error.details)
    ? 'unavailable'
    : (kindOfStatus[error.code] ?? 'internal');
  const [code, message] = {
    unavailable: ['unavailable', 'A required service is away.'],
    timeout: ['deadline_exceeded', 'There was no answer in time.'],
    internal: ['internal', ours],
  }[kind as string] ?? [kind, error.details];
  return new CodedError(kind, code as string, message as string, { cause: error });
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error &&
    !(error instanceof CodedError) &&
    'details' in error &&
    'code' in error &&
    typeof error.code === 'number'
  );
}

function readProblems(text: string | undefined): readonly Problem[] {
  if (text === undefined || text.length > MAX_PROBLEMS_BYTES) return [];
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read.filter(isProblem) : [];
  } catch {
    return [];
  }
}

function isProblem(value: unknown): value is Problem {
  const { field, message } = (value ?? {}) as Partial<Problem>;
  return typeof field === 'string' && typeof message === 'string';
}
