/** What every call has to pass before its handler sees it, and while it is open. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
  type ServerMethodDefinition,
} from '@grpc/grpc-js';
import { byteBudget } from '../byte-budget.ts';
import { CodedError } from '../errors.ts';
import type { GrpcLimits } from './grpc-limits.ts';
import { refusedByLibrary } from './grpc-refused.ts';
import { toServiceError } from './grpc-status.ts';

type Method = ServerMethodDefinition<unknown, unknown>;

export interface CallGuard {
  readonly interceptor: ServerInterceptor;
  /** Calls that are open. */
  open(): number;
}

/** A call with the stream that it keeps; grpc-js has no way to reach it. */
type Call = ServerInterceptingCallInterface & { readonly stream?: ServerHttp2Stream };

/**
 * Bounds how many calls are open, how much of requests is held, how long one may
 * take to arrive and how long an answer may wait for its reader, as `limits` says; and gives every
 * status that the library makes by itself a code.
 */
export function callGuard(limits: GrpcLimits): CallGuard {
  let open = 0;
  const streams = new Map<string, number>();
  const requests = byteBudget(limits.maxRequestBytes);

  function refusal({ path, responseStream }: Method, metadata: Metadata): CodedError | undefined {
    const bytes = sizeOf(metadata);
    if (bytes > limits.maxMetadataBytes) {
      return new CodedError(
        'too_large',
        'metadata_too_large',
        `The metadata is ${bytes} bytes, at most ${limits.maxMetadataBytes} are taken.`,
      );
    }
    const many =
      open >= limits.maxCalls ||
      (responseStream && (streams.get(path) ?? 0) >= limits.maxStreamsPerMethod);
    if (!many) return undefined;
    return new CodedError(
      'overloaded',
      'too_many_calls',
      'As many calls are open as can be served; try again later.',
      { retryAfterMs: 1_000 },
    );
  }

  function count({ path, responseStream }: Method, by: 1 | -1): void {
    open += by;
    if (responseStream) streams.set(path, (streams.get(path) ?? 0) + by);
  }

  const interceptor = (method: Method, call: Call) => {
    const send = call.sendStatus.bind(call);
    // Of the statuses that the library makes no interceptor hears. It sends
    // them by this method, as it does all others.
    call.sendStatus = (sent) => send(refusedByLibrary(sent, limits.maxMessageBytes) ?? sent);
    let counted = false;
    let over = false;
    let held = 0;
    let arriving: NodeJS.Timeout | undefined;

    function refuse(error: CodedError): void {
      over = true;
      send(toServiceError(error));
      // Otherwise the client could go on sending, and what it sent would be kept.
      setImmediate(cut, call, constants.NGHTTP2_NO_ERROR);
    }

    /** The request, or a next part of it, is due. */
    function expect(): void {
      arriving ??= setTimeout(() => refuse(incomplete(limits.requestMs)), limits.requestMs);
    }

    function arrived(): void {
      clearTimeout(arriving);
      arriving = undefined;
    }

    function hold({ length }: Buffer): void {
      if (over) return;
      if (!requests.take(length)) {
        refuse(tooManyBytes());
        return;
      }
      held += length;
      if (method.requestStream) expect();
    }

    function release(): void {
      requests.give(held);
      held = 0;
    }

    return new GuardedCall(call, limits.stalledMs, {
      onReceiveMetadata: (metadata, next) => {
        const error = refusal(method, metadata);
        if (error !== undefined) return refuse(error);
        counted = true;
        count(method, 1);
        if (!method.requestStream) expect();
        // Paused by the library until its handler reads: nothing has gone by.
        call.stream?.on('data', hold);
        next(metadata);
      },
      onReceiveMessage: (message, next) => {
        if (method.requestStream) {
          arrived();
          release();
        }
        next(message);
      },
      onReceiveHalfClose: (next) => {
        arrived();
        next();
      },
      // Comes at the end of every call, however it ended.
      onCancel: () => {
        over = true;
        arrived();
        release();
        if (counted) count(method, -1);
      },
    });
  };
  return { interceptor, open: () => open };
}

/** A call whose answers may wait for their reader only so long; then it is cut off. */
class GuardedCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #stalledMs: number;

  constructor(call: ServerInterceptingCallInterface, stalledMs: number, listener: ServerListener) {
    super(call, { start: (next) => next(listener) });
    this.#call = call;
    this.#stalledMs = stalledMs;
  }

  // The reader is one that takes nothing, so it could not be told by a status.
  override sendMessage(message: unknown, sent: () => void): void {
    const stalled = setTimeout(cut, this.#stalledMs, this.#call, constants.NGHTTP2_CANCEL).unref();
    super.sendMessage(message, () => {
      clearTimeout(stalled);
      sent();
    });
  }
}

/** Resets the stream of a call, which frees whatever is kept for it. */
function cut(call: Call, code: number) {
  if (call.stream?.closed === false) call.stream.close(code);
}

function sizeOf(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of Array.isArray(values) ? values : [values]) {
      bytes += key.length + String(value).length;
    }
  }
  return bytes;
}

const tooManyBytes = () =>
  new CodedError(
    'overloaded',
    'too_many_bytes',
    'More is being sent at the moment than there is room for; try again later.',
    { retryAfterMs: 1_000 },
  );

const incomplete = (ms: number) =>
  new CodedError('timeout', 'request_incomplete', `The request did not arrive within ${ms} ms.`);
