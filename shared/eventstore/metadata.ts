import type { Context } from '../kit/context.ts';

/**
 * Metadata of an event appended under `ctx`: its submission, the event that it answers, and who
 * did it in another's name.
 * The sending client adds the trace, because it knows its span.
 */
export function metadataOf(ctx: Context): Record<string, string> {
  return {
    correlation_id: ctx.correlationId,
    ...(ctx.causationId === undefined ? {} : { causation_id: ctx.causationId }),
    ...(ctx.actor === undefined ? {} : { actor: ctx.actor }),
  };
}
