/**
 * The client's half of GetAggregates: reads of one aggregate each that are made at the same
 * time share a call. An answer is of a moment after its caller asked.
 */
import type { Aggregate } from '../../../proto/gen/eventstore.ts';
import { gathered } from '../../kit/batch/gather.ts';
import { type Context, remaining } from '../../kit/context.ts';
import type { Endpoint } from '../../kit/endpoint.ts';
import { CodedError } from '../../kit/errors.ts';
import { isSampled } from '../../kit/trace-id.ts';
import {
  callUnary,
  type GrpcCarrier,
  recordCarrier,
} from '../../kit/transport/grpc/grpc-server.ts';
import { isUnimplemented } from '../../kit/transport/grpc/grpc-status.ts';
import type { Hook } from '../../kit/transport/hooks.ts';
import type { AggregateId, RecordedEvent } from '../event-store.ts';
import type { Link } from './link.ts';
import { recordedFromWire } from './wire.ts';

export interface AggregateReadsOptions {
  readonly stream: string;
  /** How long a read may take if its context has no nearer deadline, in milliseconds. */
  readonly timeoutMs: number;
  readonly hook: Hook<GrpcCarrier>;
  /** Reads one that is alone, or cannot come with others. */
  readonly singly: Endpoint<AggregateId, readonly RecordedEvent[]>;
}

const METHOD = 'eventstore.EventStore/GetAggregates';
/** Aggregates in one call, at most: the contract's limit. */
const MOST = 128;
/** How long a server that does not know the method is not asked again, in milliseconds: it may be upgraded. */
const OLD_MS = 60_000;

/** One read: the aggregate, for its caller. */
interface Asked {
  readonly ctx: Context;
  readonly aggregate: AggregateId;
}

/** Reads single aggregates, many with one call. Rejects as AggregateStore.readAggregate does. */
export function aggregateReads(
  link: Link,
  { stream, timeoutMs, hook, singly }: AggregateReadsOptions,
): Endpoint<AggregateId, readonly RecordedEvent[]> {
  /** Until when the server is taken for one that does not know the method. */
  let oldUntil = 0;

  const read = gathered<Asked, readonly RecordedEvent[] | undefined>({
    most: MOST,
    // One that hangs, or reads a large aggregate, does not hold up all.
    atOnce: 2,
    timeoutMs,
    together: async (ctx, asked) => {
      const spans = spansOf(asked, hook);
      try {
        const { aggregates } = await callUnary(
          link.client().getAggregates.bind(link.client()),
          { aggregates: asked.map(({ aggregate }) => ({ ...aggregate })), stream },
          ctx,
          { name: METHOD, timeoutMs, hook: spans.hook },
        );
        spans.end(undefined);
        return asked.map((_, index) => whole(aggregates[index]));
      } catch (error) {
        spans.end(error);
        if (!isUnimplemented(error)) throw error;
        oldUntil = performance.now() + OLD_MS;
        return asked.map(() => undefined);
      }
    },
    singly: (ctx, { aggregate }) => singly(ctx, aggregate),
  });

  return async (ctx, aggregate) => {
    if (performance.now() < oldUntil) return singly(ctx, aggregate);
    const together = await within(ctx, timeoutMs, (own) => read(own, { ctx, aggregate }));
    return together ?? singly(ctx, aggregate);
  };
}

/**
 * The events of an answer, if they are all: from version 1, without a gap, as the server
 * says. Otherwise undefined.
 */
function whole(answer: Aggregate | undefined): readonly RecordedEvent[] | undefined {
  if (answer === undefined || answer.incomplete) return undefined;
  const gap = answer.events.some(({ version }, index) => version !== BigInt(index + 1));
  return gap ? undefined : answer.events.map(recordedFromWire);
}

/**
 * A span for each caller, as the client's hook makes it. The call itself is in one trace:
 * that of the first caller whose trace is recorded, or of the first.
 */
function spansOf(asked: readonly Asked[], hook: Hook<GrpcCarrier>) {
  const begun = asked.map(({ ctx }) => {
    const wire = recordCarrier({}, METHOD);
    return { wire, sent: hook.before(ctx, wire) };
  });
  const parent = begun.find(({ sent }) => isSampled(sent)) ?? begun[0];
  const carried: Hook<GrpcCarrier> = {
    before: (ctx, wire) => {
      for (const [key, value] of Object.entries(parent?.wire.record ?? {})) wire.set(key, value);
      return ctx;
    },
    after: () => undefined,
  };
  const end = (error: unknown) => {
    const status = error === undefined ? 0 : 'failed';
    for (const { wire, sent } of begun) hook.after(sent, wire, { status, error });
  };
  return { hook: carried, end };
}

/** `read` with its own deadline and abort, whatever becomes of the call that it shares. */
async function within<Read>(
  ctx: Context,
  timeoutMs: number,
  read: (own: Context) => Promise<Read>,
): Promise<Read> {
  const own = new AbortController();
  const leave = () => own.abort(gone(ctx.signal.reason));
  if (ctx.signal.aborted) throw gone(ctx.signal.reason);
  const timer = setTimeout(() => own.abort(late()), Math.min(remaining(ctx, timeoutMs), timeoutMs));
  ctx.signal.addEventListener('abort', leave, { once: true });
  try {
    return await read({ ...ctx, signal: own.signal });
  } finally {
    clearTimeout(timer);
    ctx.signal.removeEventListener('abort', leave);
  }

  function gone(cause: unknown): CodedError {
    return remaining(ctx, 1) === 0
      ? late(cause)
      : new CodedError('cancelled', 'cancelled', 'The caller disconnected.', { cause });
  }
}

const late = (cause?: unknown) =>
  new CodedError('timeout', 'deadline_exceeded', 'There was no answer in time.', { cause });
