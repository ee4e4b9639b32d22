/**
 * Every error that crosses a layer has a `code`, stable and for programs, and a `kind`,
 * which decides how each protocol reports it. The table below is the only place where a kind
 * becomes an HTTP status, a gRPC status or the fate of a message.
 */
export const kinds = {
  malformed: { http: 400, grpc: 3, queue: 'poison', machinery: false },
  invalid: { http: 422, grpc: 3, queue: 'poison', machinery: false },
  /** The caller has not shown who it is. */
  unauthenticated: { http: 401, grpc: 16, queue: 'retry', machinery: false },
  /** The caller is known, and may not do this. */
  forbidden: { http: 403, grpc: 7, queue: 'retry', machinery: false },
  not_found: { http: 404, grpc: 5, queue: 'retry', machinery: false },
  method_not_allowed: { http: 405, grpc: 12, queue: 'poison', machinery: false },
  too_large: { http: 413, grpc: 3, queue: 'poison', machinery: false },
  unsupported_media_type: { http: 415, grpc: 3, queue: 'poison', machinery: false },
  /** Meant for another server than this one. */
  misdirected: { http: 421, grpc: 9, queue: 'poison', machinery: false },
  /** The same id with different content. */
  already_exists: { http: 422, grpc: 6, queue: 'poison', machinery: false },
  /** The state has changed, or does not allow the request. */
  conflict: { http: 409, grpc: 10, queue: 'retry', machinery: false },
  precondition_failed: { http: 412, grpc: 9, queue: 'retry', machinery: false },
  rate_limited: { http: 429, grpc: 8, queue: 'retry', machinery: false },
  /** Too many requests are waiting; nothing was done. */
  overloaded: { http: 503, grpc: 8, queue: 'retry', machinery: true },
  /** A dependency is unreachable; the outcome may be unknown. */
  unavailable: { http: 503, grpc: 14, queue: 'retry', machinery: true },
  /** Time ran out; the outcome is unknown. */
  timeout: { http: 504, grpc: 4, queue: 'retry', machinery: true },
  /** The caller went away. */
  cancelled: { http: 499, grpc: 1, queue: 'retry', machinery: false },
  internal: { http: 500, grpc: 13, queue: 'retry', machinery: true },
  /** Not a failure any more: the message is kept as a dead letter. */
  parked: { http: 500, grpc: 13, queue: 'parked', machinery: false },
} as const satisfies Record<string, KindRow>;

interface KindRow {
  /** HTTP status. */
  http: number;
  /** gRPC status code. */
  grpc: number;
  /** `retry`: deliver again later; `poison`: can never succeed, park it at once; `parked`: already parked, stop delivering it. */
  queue: 'retry' | 'poison' | 'parked';
  /** A technical failure: it counts for breakers and is worth a retry. All other errors are answers. */
  machinery: boolean;
}

export type Kind = keyof typeof kinds;

/** One thing that is wrong with a request: where, and what. */
export interface Problem {
  /** Path of the field, as the caller wrote it: `items[0].quantity`. */
  readonly field: string;
  readonly message: string;
}

export interface CodedErrorOptions {
  readonly cause?: unknown;
  /** Everything that is wrong, if the request is at fault. */
  readonly problems?: readonly Problem[];
  /** How long a caller should wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * An error with a code and a kind. Its message is for people and reaches the caller
 * (except for `internal`, where only the code does), so it names the bad value and the
 * remedy, and reveals no internals. Internals belong into `cause`, which is only logged.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly kind: Kind;
  readonly code: string;
  readonly problems: readonly Problem[];
  readonly retryAfterMs: number | undefined;

  constructor(kind: Kind, code: string, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.problems = options.problems ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * The coded error in `error` or in the chain of its causes, so that wrapping never
 * changes the answer. An error without one becomes `internal`, with a message that
 * reveals no internals.
 */
export function codedError(error: unknown): CodedError {
  // Real chains have fewer than eight links; the limit stops a cycle.
  let link: unknown = error;
  for (let depth = 0; depth < 8 && link !== undefined; depth++) {
    if (link instanceof CodedError) return link;
    link = link instanceof Error ? link.cause : undefined;
  }
  return new CodedError('internal', 'internal', 'Something went wrong on our side.', {
    cause: error,
  });
}

/** True if `error` is a technical failure, as opposed to an answer. */
export function isMachineryFailure(error: unknown): boolean {
  return kinds[codedError(error).kind].machinery;
}

/** True if `error` is, or was caused by, a coded error of one of these kinds. */
export function isKind(error: unknown, ...wanted: readonly Kind[]): boolean {
  return wanted.includes(codedError(error).kind);
}
