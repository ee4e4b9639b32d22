import type { Context } from '../kit/context.ts';

/**
 * Metadata for an event that is appended under `ctx`: which submission it
 * belongs to, and which event it answers. The trace is added by the client
 * that sends it, which knows the span it is sent in.
 */
export function metadataOf(ctx: Context): Record<string, string> {
  return {
    correlation_id: ctx.correlationId,
    ...(ctx.causationId === undefined ? {} : { causation_id: ctx.causationId }),
  };
}
