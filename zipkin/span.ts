import { SpanStatusCode, type Context as TelemetryContext, trace } from '@opentelemetry/api';
import type { Context } from '../shared/kit/context.ts';
import { codedError, kinds } from '../shared/kit/errors.ts';

/** Values of a span's tags; undefined leaves the tag out. Zipkin keeps text only. */
export type Tags = Readonly<Record<string, string | undefined>>;

/**
 * Ends the span of `ctx` with `tags` and the error. Every error leaves its code; only a
 * technical failure marks the span as an error, because a refusal is an answer, and would
 * drown the failures in Zipkin's list. The text reveals nothing that a caller might not
 * read: the cause is in the log.
 */
export function endSpan(ctx: Context, error: unknown, tags: Tags = {}): void {
  const span = trace.getSpan(ctx.telemetry);
  if (span === undefined) return;
  for (const [name, value] of Object.entries(tags)) {
    if (value !== undefined) span.setAttribute(name, value);
  }
  if (error !== undefined) {
    const coded = codedError(error);
    span.setAttribute('error.code', coded.code);
    if (kinds[coded.kind].machinery) {
      const message = `${coded.code}: ${coded.message}`;
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
  }
  span.end();
}

/** The tags that have a value, as a span starts with them. */
export function attributes(tags: Tags): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(tags)) {
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Links to the span that `telemetry` is in, if any. Zipkin does not show them; other viewers do. */
export function linksTo(telemetry: TelemetryContext) {
  const context = trace.getSpanContext(telemetry);
  return context === undefined ? [] : [{ context }];
}
