import { randomUUID } from 'node:crypto';
import { ROOT_CONTEXT, type Context as TelemetryContext } from '@opentelemetry/api';
import type { Principal } from './principal.ts';

/**
 * Travels with a request through every layer, like Go's context: cancellation, deadline and
 * origin. It is passed explicitly rather than kept in async local storage, so that a
 * signature shows what a function depends on. Immutable; the with… functions below make
 * changed copies.
 */
export interface Context {
  /** Aborted when nobody waits for the answer. */
  readonly signal: AbortSignal;
  /**
   * When the answer stops being useful, on the monotonic clock of `performance.now()`;
   * undefined: no limit.
   */
  readonly deadline: number | undefined;
  /** The same for everything that one submission triggers, across services. */
  readonly correlationId: string;
  /** Id of the event being answered, if there is one. */
  readonly causationId: string | undefined;
  /** The span that work done now belongs to. */
  readonly telemetry: TelemetryContext;
  /** The program that calls, by the certificate of its connection; undefined where nobody asks for one. */
  readonly peer?: string | undefined;
  /** Who asks; undefined where nobody does, as for work that an event or a clock began. */
  readonly principal: Principal | undefined;
  /** Who does it in another's name, to be recorded with what is done; undefined: nobody. */
  readonly actor: string | undefined;
}

/** A signal that is never aborted; shared, because it holds hardly any listeners. */
const never = new AbortController().signal;

/** The root of all contexts: no deadline, never aborted, in no trace. */
export function background(correlationId: string = randomUUID()): Context {
  return {
    signal: never,
    deadline: undefined,
    correlationId,
    causationId: undefined,
    telemetry: ROOT_CONTEXT,
    principal: undefined,
    actor: undefined,
  };
}

/** `ctx` with another span. */
export function withTelemetry(ctx: Context, telemetry: TelemetryContext): Context {
  return { ...ctx, telemetry };
}

/** `ctx` on behalf of who asks. */
export function withPrincipal(ctx: Context, principal: Principal): Context {
  return { ...ctx, principal };
}

/** `ctx` that is also aborted by `signal`. The caller chooses a signal that ends with the request. */
export function withSignal(ctx: Context, signal: AbortSignal): Context {
  return {
    ...ctx,
    signal: ctx.signal === never ? signal : AbortSignal.any([ctx.signal, signal]),
  };
}

/** `ctx` with `ms` milliseconds from now, or its own deadline, whichever is earlier. */
export function withTimeLeft(ctx: Context, ms: number): Context {
  return {
    ...ctx,
    deadline: Math.min(performance.now() + ms, ctx.deadline ?? Number.POSITIVE_INFINITY),
  };
}

/** `ctx` for answering an event: the event's correlation id, and the event as the cause. */
export function causedBy(
  ctx: Context,
  cause: { correlationId?: string | undefined; eventId: string },
): Context {
  return {
    ...ctx,
    correlationId: cause.correlationId ?? ctx.correlationId,
    causationId: cause.eventId,
  };
}

/** Whole milliseconds left until the deadline, at least 0; `otherwise` without a deadline. */
export function remaining(ctx: Context, otherwise: number): number {
  return ctx.deadline === undefined
    ? otherwise
    : Math.max(0, Math.ceil(ctx.deadline - performance.now()));
}
