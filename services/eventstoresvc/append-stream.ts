/**
 * AppendEvents: many appends on one stream, each served as if it were a call of
 * its own (its own span, its own answer), and answered by number in whatever
 * order they commit.
 */
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type {
  Append,
  AppendEventsRequest,
  AppendEventsResponse,
  AppendResult,
} from '../../proto/gen/eventstore.ts';
import type { Appended } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import type { Endpoint } from '../../shared/kit/endpoint.ts';
import {
  type GrpcCarrier,
  recordCarrier,
  toServiceError,
} from '../../shared/kit/transport/grpc.ts';
import type { Hook } from '../../shared/kit/transport/hooks.ts';
import type { AppendRequest } from './endpoints.ts';

export interface AppendStreamOptions {
  readonly name: string;
  readonly decode: (append: Append) => AppendRequest;
  readonly endpoint: Endpoint<AppendRequest, Appended>;
  readonly hook: Hook<GrpcCarrier>;
}

type Call = ServerDuplexStream<AppendEventsRequest, AppendEventsResponse>;

/** Appends of one stream that may be under way; beyond, nothing more is read from it. */
const MAX_UNDER_WAY = 4_096;

/** The streams that are open, and what opens them. */
export interface AppendStreams {
  readonly handler: handleBidiStreamingCall<AppendEventsRequest, AppendEventsResponse>;
  /**
   * Ends each stream after the answers it is owed, and every later one at once:
   * a stream lives as long as its client, and would hold up a shutdown.
   */
  stop(): void;
}

export function createAppendStreams(options: AppendStreamOptions): AppendStreams {
  const open = new Set<() => void>();
  let stopped = false;

  function handler(call: Call): void {
    let underWay = 0;
    let ended = false;
    let writable = true;
    let answers: AppendResult[] = [];

    /** Answers of one turn go together; while the client is slow they gather. */
    function flush(): void {
      if (call.cancelled || !writable || answers.length === 0) return;
      const results = answers;
      answers = [];
      writable = call.write({ results });
      if (!writable) call.pause();
      finishIfDone();
    }

    function answer(result: AppendResult): void {
      underWay--;
      if (answers.push(result) === 1) setImmediate(flush);
      if (underWay < MAX_UNDER_WAY && writable) call.resume();
    }

    function finishIfDone(): void {
      if (ended && underWay === 0 && answers.length === 0) call.end();
    }

    /** Takes nothing more; what was taken is answered. */
    function finish(): void {
      open.delete(finish);
      ended = true;
      finishIfDone();
    }

    call.on('data', ({ appends }: AppendEventsRequest) => {
      // What comes after the end has no answer here; its client sends it again elsewhere.
      if (ended) return;
      underWay += appends.length;
      if (underWay >= MAX_UNDER_WAY) call.pause();
      for (const append of appends) void serve(append, options).then(answer);
    });
    call.on('drain', () => {
      writable = true;
      if (underWay < MAX_UNDER_WAY) call.resume();
      flush();
    });
    call.on('end', finish);
    call.on('cancelled', () => open.delete(finish));
    // The client went away: what it sent is appended all the same, for it may
    // have been told; it can ask again by the events' ids.
    call.on('error', () => open.delete(finish));
    open.add(finish);
    if (stopped) finish();
  }

  return {
    handler,
    stop: () => {
      stopped = true;
      for (const finish of [...open]) finish();
    },
  };
}

/** Serves one append; never rejects. */
async function serve(append: Append, options: AppendStreamOptions): Promise<AppendResult> {
  const metadata = append.events[0]?.metadata ?? {};
  const wire = recordCarrier({ ...metadata }, options.name);
  const ctx = options.hook.before(background(metadata.correlation_id), wire);
  try {
    const appended = await options.endpoint(ctx, options.decode(append));
    options.hook.after(ctx, wire, { status: status.OK, error: undefined });
    return { number: append.number, ...appended, error: undefined };
  } catch (error) {
    const { code, details, metadata } = toServiceError(error);
    options.hook.after(ctx, wire, { status: code, error });
    const trailers = Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)]);
    return {
      number: append.number,
      version: 0n,
      position: 0n,
      error: {
        status: code,
        code: String(metadata.getMap()['error-code'] ?? ''),
        message: details,
        trailers: Object.fromEntries(trailers),
      },
    };
  }
}
