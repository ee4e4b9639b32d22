/**
 * AppendEvents: many appends on one stream. Each is served like a call of its own,
 * with its own span and answer. Answers carry the append's number and come in the
 * order of the commits.
 */
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type {
  Append,
  AppendEventsRequest,
  AppendEventsResponse,
  AppendResult,
} from '../../../proto/gen/eventstore.ts';
import type { Appended, AppendRequest } from '../../../shared/eventstore/event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import type { Endpoint } from '../../../shared/kit/endpoint.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { byteBudget } from '../../../shared/kit/transport/byte-budget.ts';
import {
  callerOf,
  decoded,
  type GrpcCarrier,
  recordCarrier,
  sendHeartbeats,
  toServiceError,
} from '../../../shared/kit/transport/grpc/grpc-server.ts';
import { guarded, type Hook } from '../../../shared/kit/transport/hooks.ts';
import { createTurns } from './turns.ts';

export interface AppendStreamOptions {
  readonly name: string;
  readonly decode: (append: Append) => AppendRequest;
  readonly endpoint: Endpoint<AppendRequest, Appended>;
  readonly hook: Hook<GrpcCarrier>;
  /** Limit for appends under way or waiting on all streams, in bytes. A stream that exceeds it is ended. */
  readonly maxHeldBytes?: number;
}

type Call = ServerDuplexStream<AppendEventsRequest, AppendEventsResponse>;

/** Appends under way on one stream, at most. The rest wait, and reading from the stream stops. */
const MAX_UNDER_WAY = 4_096;
/** Bytes under way on one stream, at most: an eighth of group commit's limit, so that one client leaves room. */
const MAX_UNDER_WAY_BYTES = 8 * 1024 * 1024;
/** The same as group commit's default. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Rough overhead of an append, an event or a metadata key beside its text, in bytes. */
const OBJECT_BYTES = 200;

/** Longest part of a correlation id that is logged. */
const MAX_CORRELATION = 200;

/** An append and its size in bytes. */
interface Held {
  readonly append: Append;
  readonly bytes: number;
}

/** The open streams, and the handler that opens them. */
export interface AppendStreams {
  readonly handler: handleBidiStreamingCall<AppendEventsRequest, AppendEventsResponse>;
  /**
   * Ends each stream once its appends are answered, and new streams at once. A
   * stream lives as long as its client, and would hold up a shutdown.
   */
  stop(): void;
}

export function createAppendStreams(given: AppendStreamOptions): AppendStreams {
  const options = { ...given, hook: guarded(given.hook) };
  const open = new Set<() => void>();
  const turns = createTurns();
  const held = byteBudget(given.maxHeldBytes ?? MAX_HELD_BYTES);
  let stopped = false;

  function handler(call: Call): void {
    const peer = callerOf(call.metadata);
    let waiting: Held[] = [];
    let underWay = 0;
    let bytesUnderWay = 0;
    let ended = false;
    let gone = false;
    let writable = true;
    let answers: AppendResult[] = [];
    let received = 0n;

    const full = () => underWay >= MAX_UNDER_WAY || bytesUnderWay >= MAX_UNDER_WAY_BYTES;

    /** Begins at most `most` of the waiting appends, while there is room and the client reads. */
    function beginSome(most: number): number {
      let begun = 0;
      while (begun < Math.min(most, waiting.length) && writable && !full()) {
        begin(waiting[begun++] as Held);
      }
      if (begun > 0) waiting = waiting.slice(begun);
      return begun;
    }

    /** Queues waiting appends for their turn; resumes reading when none wait. */
    function proceed(): void {
      if (waiting.length > 0 && writable && !full()) turns.ask(beginSome);
      if (full() || waiting.length > 0 || !writable) call.pause();
      else call.resume();
    }

    function begin({ append, bytes }: Held): void {
      underWay++;
      bytesUnderWay += bytes;
      void serve(append, peer, options).then((result) => {
        turns.ended();
        underWay--;
        bytesUnderWay -= bytes;
        held.give(bytes);
        answer(result);
      });
    }

    /** Accepts a message's appends. Throws CodedError `overloaded` if there is no room. */
    function take(appends: readonly Append[]): void {
      const taken = appends.map((append) => ({ append, bytes: sizeOf(append) }));
      if (!held.take(sum(taken))) throw tooMuch();
      waiting = [...waiting, ...taken];
    }

    /** The client is gone: appends that were not begun are dropped. */
    function leave(): void {
      gone = true;
      open.delete(finish);
      held.give(sum(waiting));
      waiting = [];
    }

    /** Sends the answers of one turn together; they accumulate while the client is slow. */
    function flush(): void {
      proceed();
      if (call.cancelled || !writable || answers.length === 0) return;
      const results = answers;
      answers = [];
      writable = call.write({ results, heartbeat: undefined });
      if (!writable) call.pause();
      finishIfDone();
    }

    function answer(result: AppendResult): void {
      if (answers.push(result) > 1) return;
      // More answers are coming soon, so send them together.
      const later = underWay === 0 ? process.nextTick : setImmediate;
      later(flush);
    }

    function finishIfDone(): void {
      if (ended && underWay === 0 && waiting.length === 0 && answers.length === 0) call.end();
    }

    /** Accepts no more; what was accepted is answered. */
    function finish(): void {
      open.delete(finish);
      ended = true;
      finishIfDone();
    }

    call.on('data', (request: AppendEventsRequest) => {
      // Messages after the end get no answer here; the client sends them again elsewhere.
      if (ended || gone) return;
      received++;
      try {
        take(decoded(request).appends);
      } catch (error) {
        ended = true;
        // This is how grpc-js receives a stream's status; it listens for it.
        call.emit('error', toServiceError(error));
        return;
      }
      proceed();
    });
    call.on('drain', () => {
      writable = true;
      flush();
    });
    call.on('end', finish);
    // The client went away. Appends already begun still commit: the client can ask
    // again by event id. The rest are dropped, as nobody waits for them.
    call.on('cancelled', leave);
    call.on('error', leave);
    // Even while appends are slow, heartbeats show that this process lives and what it has received.
    sendHeartbeats(call, () => ({ results: [], heartbeat: { received, paused: call.isPaused() } }));
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

const sum = (held: readonly Held[]): number => held.reduce((all, { bytes }) => all + bytes, 0);

/** Approximate memory use of an append, in bytes. */
function sizeOf({ events }: Append): number {
  let bytes = OBJECT_BYTES;
  for (const { metadata, eventData, eventId, eventType, ...event } of events) {
    bytes += OBJECT_BYTES + eventData.length + eventId.length + eventType.length;
    bytes += event.aggregateId.length + event.aggregateType.length + event.stream.length;
    for (const [key, value] of Object.entries(metadata)) {
      bytes += OBJECT_BYTES + key.length + value.length;
    }
  }
  return bytes;
}

const tooMuch = () =>
  new CodedError('overloaded', 'too_many_appends', 'Too many appends wait; append again later.', {
    retryAfterMs: 1_000,
  });

/** Serves one append; never rejects. */
async function serve(
  append: Append,
  peer: string | undefined,
  options: AppendStreamOptions,
): Promise<AppendResult> {
  const metadata = append.events[0]?.metadata ?? {};
  const wire = recordCarrier(metadata, options.name);
  // The id is logged before it is checked; one that is too long is refused with its event.
  const correlationId = metadata.correlation_id?.slice(0, MAX_CORRELATION);
  const ctx = options.hook.before({ ...background(correlationId), peer }, wire);
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
