import type { Context } from '../context.ts';

/** How a request or message ended, as its transport saw it. */
export interface Outcome {
  /** HTTP status, gRPC status, or what became of a message: `acked`, `retried`, `parked`. */
  readonly status: number | string;
  /** What went wrong; undefined where nothing did. */
  readonly error: unknown;
}

/**
 * What a transport calls around each request or message it serves or sends; tracing
 * attaches here, and the transport does not know about it. After go-kit's ServerBefore
 * and ServerFinalizer. Hooks must not throw; see `guarded`.
 */
export interface Hook<Wire> {
  /** Runs first, before decoding. May return an extended context, and write to the wire. */
  before(ctx: Context, wire: Wire): Context;
  /** Runs last, exactly once for each `before`, with the context that `before` returned. */
  after(ctx: Context, wire: Wire, outcome: Outcome): void;
}

/** The hook that does nothing. */
export const noHook: Hook<unknown> = { before: (ctx) => ctx, after: () => undefined };

/**
 * `hook` made harmless: what it throws goes to `report`, and the request or message is
 * served anyway, with its original context. A fault in tracing must neither fail a
 * request nor, if nobody catches it, end the process. By default it is reported as a
 * process warning.
 */
export function guarded<Wire>(
  hook: Hook<Wire>,
  report: (error: unknown) => void = (error) => process.emitWarning(String(error), 'HookWarning'),
): Hook<Wire> {
  return {
    before(ctx, wire) {
      try {
        return hook.before(ctx, wire);
      } catch (error) {
        report(error);
        return ctx;
      }
    },
    after(ctx, wire, outcome) {
      try {
        hook.after(ctx, wire, outcome);
      } catch (error) {
        report(error);
      }
    },
  };
}
