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
  readable,
  recordCarrier,
  toServiceError,
} from '../../shared/kit/transport/grpc.ts';
import { guarded, type Hook } from '../../shared/kit/transport/hooks.ts';
import type { AppendRequest } from './endpoints.ts';
import { createTurns } from './turns.ts';

export interface AppendStreamOptions {
  readonly name: string;
  readonly decode: (append: Append) => AppendRequest;
  readonly endpoint: Endpoint<AppendRequest, Appended>;
  readonly hook: Hook<GrpcCarrier>;
}

type Call = ServerDuplexStream<AppendEventsRequest, AppendEventsResponse>;

/** Appends of one stream that may be under way; the others of its messages wait, and nothing more is read from it. */
const MAX_UNDER_WAY = 4_096;
/** Payload of one stream that may be under way, in characters: an eighth of what group commit takes, so that one client leaves room. */
const MAX_UNDER_WAY_CHARS = 8 * 1024 * 1024;

/** As much of a correlation id as a log line shows. */
const MAX_CORRELATION = 200;

/** The streams that are open, and what opens them. */
export interface AppendStreams {
  readonly handler: handleBidiStreamingCall<AppendEventsRequest, AppendEventsResponse>;
  /**
   * Ends each stream after the answers it is owed, and every later one at once:
   * a stream lives as long as its client, and would hold up a shutdown.
   */
  stop(): void;
}

export function createAppendStreams(given: AppendStreamOptions): AppendStreams {
  const options = { ...given, hook: guarded(given.hook) };
  const open = new Set<() => void>();
  const turns = createTurns();
  let stopped = false;

  function handler(call: Call): void {
    let waiting: Append[] = [];
    let underWay = 0;
    let charsUnderWay = 0;
    let ended = false;
    let writable = true;
    let answers: AppendResult[] = [];

    const full = () => underWay >= MAX_UNDER_WAY || charsUnderWay >= MAX_UNDER_WAY_CHARS;

    /** Begins what waits, as far as there is room and the client reads. */
    function beginSome(most: number): number {
      let begun = 0;
      while (begun < Math.min(most, waiting.length) && writable && !full()) {
        begin(waiting[begun++] as Append);
      }
      if (begun > 0) waiting = waiting.slice(begun);
      return begun;
    }

    /** Lets what waits begin in its turn; reads on when nothing waits. */
    function proceed(): void {
      if (waiting.length > 0 && writable && !full()) turns.ask(beginSome);
      if (full() || waiting.length > 0 || !writable) call.pause();
      else call.resume();
    }

    function begin(append: Append): void {
      const chars = append.events.reduce((sum, { eventData }) => sum + eventData.length, 0);
      underWay++;
      charsUnderWay += chars;
      void serve(append, options).then((result) => {
        turns.ended();
        underWay--;
        charsUnderWay -= chars;
        answer(result);
      });
    }

    /** Answers of one turn go together; while the client is slow they gather. */
    function flush(): void {
      proceed();
      if (call.cancelled || !writable || answers.length === 0) return;
      const results = answers;
      answers = [];
      writable = call.write({ results });
      if (!writable) call.pause();
      finishIfDone();
    }

    function answer(result: AppendResult): void {
      if (answers.push(result) === 1) setImmediate(flush);
    }

    function finishIfDone(): void {
      if (ended && underWay === 0 && waiting.length === 0 && answers.length === 0) call.end();
    }

    /** Takes nothing more; what was taken is answered. */
    function finish(): void {
      open.delete(finish);
      ended = true;
      finishIfDone();
    }

    call.on('data', (request: AppendEventsRequest) => {
      // What comes after the end has no answer here; its client sends it again elsewhere.
      if (ended) return;
      try {
        waiting = [...waiting, ...readable(request).appends];
      } catch (error) {
        ended = true;
        // This is how grpc-js is told the status of a stream; it listens itself.
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
    // The client went away: what was begun is appended all the same, for it may
    // have been told; it can ask again by the events' ids. The rest would keep
    // this process busy for nobody.
    call.on('cancelled', () => {
      waiting = [];
      open.delete(finish);
    });
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
  // Logged before it is checked; a longer one is refused with its event.
  const correlationId = metadata.correlation_id?.slice(0, MAX_CORRELATION);
  const ctx = options.hook.before(background(correlationId), wire);
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
