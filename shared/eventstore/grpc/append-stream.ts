/**
 * The client's half of AppendEvents. Appends made at the same time travel in one message;
 * when the stream breaks or falls silent, another is opened and everything without an
 * answer is sent again, which the events' ids make safe.
 */
import { Metadata } from '@grpc/grpc-js';
import type { Append, AppendResult } from '../../../proto/gen/eventstore.ts';
import { type Context, remaining } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import type { Logger } from '../../kit/logger.ts';
import { fromServiceError } from '../../kit/transport/grpc/grpc-server.ts';
import { type HeartbeatSettings, heartbeatDefaults } from '../../kit/transport/grpc/heartbeat.ts';
import type { Appended } from '../event-store.ts';
import { type AppendCall, openAppendCall } from './append-call.ts';
import type { Link } from './link.ts';

export interface AppendStream {
  /** Sends one append. Rejects as AggregateStore.append does; after `close` with `unavailable`. */
  append(ctx: Context, append: Omit<Append, 'number'>): Promise<Appended>;
  /**
   * Opens the stream and keeps one open, so that readiness shows whether appends would be
   * answered.
   */
  start(): void;
  /** Why appends are not answered at present; undefined while they are. */
  broken(): string | undefined;
  /** Waits for outstanding answers, at most until their deadlines, and ends the stream. */
  close(): Promise<void>;
}

export interface AppendStreamOptions {
  /** How long an append may take if its context has no earlier deadline, in milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Called for each stream that is replaced because it fell silent. */
  readonly onReplaced?: () => void;
  readonly heartbeat?: HeartbeatSettings;
}

/** The most appends without an answer; more are refused rather than queued. */
const MAX_PENDING = 10_000;
/** Appends in one message: far below gRPC's 4 MiB for events of usual size. */
const MAX_MESSAGE_APPENDS = 128;
/** Payload in one message, in characters. */
const MAX_MESSAGE_CHARS = 1_000_000;
/** Before the first attempt to open the stream again, and at most, in milliseconds; half of it is jitter. */
const REOPEN_MS = 100;
const MAX_REOPEN_MS = 1_000;
/**
 * By how much the limit of silence may grow while one stream after another falls silent, so
 * that a busy machine does not become busier.
 */
const MOST_PATIENCE = 4;

/**
 * How often deadlines are looked at, in milliseconds. One timer for all appends: one for
 * each costs more than everything else that an append does here.
 */
const SWEEP_MS = 50;

interface Pending {
  readonly append: Append;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly onAbort: () => void;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: CodedError) => void;
}

export function createAppendStream(
  link: Link,
  { timeoutMs, logger, onReplaced, heartbeat = heartbeatDefaults }: AppendStreamOptions,
): AppendStream {
  const pending = new Map<number, Pending>();
  let outbox: Append[] = [];
  let call: AppendCall | undefined;
  let writable = true;
  let scheduled = false;
  let broken = false;
  let keptOpen = false;
  /** Failed attempts since the last answer, and what the last one failed with. */
  let failures = 0;
  let reason = '';
  /** Streams that fell silent one after another, without an answer between. */
  let silences = 0;
  let closed = false;
  let last = 0;
  let idle: (() => void) | undefined;
  /** Runs while appends wait, and once more. */
  let sweeping: NodeJS.Timeout | undefined;

  function append(ctx: Context, body: Omit<Append, 'number'>): Promise<Appended> {
    if (closed) return Promise.reject(unavailable('The event store client is closed.'));
    if (ctx.signal.aborted) return Promise.reject(gone());
    if (pending.size >= MAX_PENDING) {
      return Promise.reject(
        new CodedError(
          'overloaded',
          'too_many_appends',
          `${pending.size} appends already wait for an answer.`,
          {
            retryAfterMs: 1_000,
          },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const { signal } = ctx;
      const entry: Pending = {
        append: { ...body, number: nextNumber() },
        deadline: performance.now() + Math.min(remaining(ctx, timeoutMs), timeoutMs),
        signal,
        onAbort: () => settle(entry, gone()),
        resolve,
        reject,
      };
      signal.addEventListener('abort', entry.onAbort);
      pending.set(entry.append.number, entry);
      sweeping ??= setInterval(sweep, SWEEP_MS);
      outbox.push(entry.append);
      schedule();
    });
  }

  /** Answers its caller, once. */
  function settle(entry: Pending, result: Appended | CodedError): void {
    if (!pending.delete(entry.append.number)) return;
    entry.signal.removeEventListener('abort', entry.onAbort);
    if (result instanceof CodedError) entry.reject(result);
    else entry.resolve(result);
    if (pending.size === 0) idle?.();
  }

  function sweep(): void {
    const now = performance.now();
    for (const entry of pending.values()) if (entry.deadline <= now) expire(entry);
    if (pending.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  /**
   * A server that gives signs of life but not this answer is only slow. An older one
   * gives none, so only its answers show that it lives.
   */
  function expire(entry: Pending): void {
    settle(entry, late(failures > 0));
    if (call?.alive() === false && call.quietMs() >= timeoutMs) {
      call.giveUp(`no answer at all within ${timeoutMs} ms`);
    }
  }

  function nextNumber(): number {
    do {
      last = (last % 0xffff_ffff) + 1;
    } while (pending.has(last));
    return last;
  }

  /**
   * At the end of this turn of the event loop, so that all who append in it share
   * a message; where no answer is due, at once for all who append at once.
   */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    const later = pending.size === 1 ? process.nextTick : setImmediate;
    later(() => {
      scheduled = false;
      flush();
    });
  }

  function flush(): void {
    if (keptOpen && !broken && !closed) call ??= open();
    while (outbox.length > 0 && !broken && writable) {
      const appends = message();
      if (appends.length === 0) continue;
      call ??= open();
      writable = call.write(appends);
    }
  }

  /** Takes the next message from the outbox, without what was given up meanwhile. */
  function message(): Append[] {
    let chars = 0;
    let taken = 0;
    while (taken < outbox.length && taken < MAX_MESSAGE_APPENDS) {
      const events = outbox[taken]?.events ?? [];
      const more = events.reduce((sum, { eventData }) => sum + eventData.length + 500, 0);
      if (taken > 0 && chars + more > MAX_MESSAGE_CHARS) break;
      chars += more;
      taken++;
    }
    return outbox.splice(0, taken).filter(({ number }) => pending.has(number));
  }

  function open(): AppendCall {
    const client = link.client();
    const opened = openAppendCall(client, {
      everyMs: heartbeat.everyMs,
      mostMissed: heartbeat.mostMissed * Math.min(MOST_PATIENCE, 2 ** silences),
      onResults: (results) => {
        failures = 0;
        silences = 0;
        for (const result of results) {
          const entry = pending.get(result.number);
          if (entry !== undefined) settle(entry, answerOf(result));
        }
      },
      onDrain: () => {
        if (opened !== call) return;
        writable = true;
        flush();
      },
      onEnd: (error) => breakOff(opened, error?.message ?? 'ended by the server'),
      onSilent: (why) => {
        if (closed) return breakOff(opened, why);
        logger.warn(
          { reason: why, pending: pending.size },
          'the append stream fell silent; opening another on a new connection',
        );
        silences++;
        onReplaced?.();
        link.replace(client);
        breakOff(opened, why);
      },
    });
    return opened;
  }

  function breakOff(which: AppendCall, why: string): void {
    if (which !== call) return;
    call = undefined;
    writable = true;
    if (closed) {
      for (const entry of [...pending.values()])
        settle(entry, unavailable('The event store client is closed.'));
      return;
    }
    failures++;
    reason = why;
    if (failures === 1 && silences === 0 && pending.size > 0) {
      logger.warn({ reason, pending: pending.size }, 'the append stream broke; opening another');
    }
    broken = true;
    const delay = Math.min(MAX_REOPEN_MS, REOPEN_MS * 2 ** Math.min(failures - 1, 8));
    setTimeout(
      () => {
        broken = false;
        outbox = [...pending.values()].map(({ append }) => append);
        flush();
      },
      delay * (0.5 + Math.random() / 2),
    ).unref();
  }

  return {
    append,
    start: () => {
      keptOpen = true;
      flush();
    },
    broken: () => (failures > 0 ? reason : undefined),
    close: async () => {
      closed = true;
      if (pending.size > 0) await new Promise<void>((resolve) => (idle = resolve));
      call?.end();
    },
  };
}

function answerOf({ version, position, error }: AppendResult): Appended | CodedError {
  if (error === undefined) return { version, position };
  // The same error as a unary call would give, read by the same code.
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(error.trailers)) metadata.set(key, value);
  return fromServiceError(
    Object.assign(new Error(error.message), {
      code: error.status,
      details: error.message,
      metadata,
    }),
  );
}

const unavailable = (message: string) =>
  new CodedError('unavailable', 'eventstore_unavailable', message, { retryAfterMs: 1_000 });

const late = (broken: boolean) =>
  broken
    ? unavailable('The event store is not available; it is unknown whether the event was appended.')
    : new CodedError(
        'timeout',
        'append_timeout',
        'The event store did not answer in time; it is unknown whether the event was appended.',
      );

const gone = () => new CodedError('cancelled', 'cancelled', 'The caller stopped waiting.');
