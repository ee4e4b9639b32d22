import {
  type Span,
  SpanStatusCode,
  type Context as TelemetryContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Context } from '../shared/kit/context.ts';
import { codedError, kinds } from '../shared/kit/errors.ts';

/** Values of a span's tags; undefined leaves the tag out. Zipkin keeps text only. */
export type Tags = Readonly<Record<string, string | undefined>>;

/** The tag that names the program at the other end of a span, as its service. */
export const PEER = 'peer.service';

/**
 * Whether `telemetry` is in a trace of which no spans are kept. That was decided where the
 * trace began, and `traceparent` carries it.
 */
export function leftOut(telemetry: TelemetryContext): boolean {
  const span = trace.getSpanContext(telemetry);
  return span !== undefined && (span.traceFlags & TraceFlags.SAMPLED) === 0;
}

/** The span of `ctx`, if it is one that is recorded here. */
export function recording(ctx: Context): Span | undefined {
  const span = trace.getSpan(ctx.telemetry);
  return span?.isRecording() === true ? span : undefined;
}

/**
 * Ends `span` with `tags` and the error. Every error leaves its code; only a technical
 * failure marks the span as an error, because a refusal is an answer, and would drown the
 * failures in Zipkin's list. The text reveals nothing that a caller might not read: the
 * cause is in the log.
 */
export function endSpan(span: Span, error: unknown, tags: Tags = {}): void {
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

/** Links to the span that `telemetry` is in, if any. Zipkin does not show them; other viewers do. */
export function linksTo(telemetry: TelemetryContext) {
  const context = trace.getSpanContext(telemetry);
  return context === undefined ? [] : [{ context }];
}

/** It becomes part of a tag's name, so only a plain word is taken from an event. */
const AGGREGATE_TYPE = /^[\w-]{1,64}$/;

/** The tag that finds all traces of one aggregate, such as `parcel.id`; none without an aggregate type. */
export const aggregateTag = (type = '', id: string | undefined): Tags =>
  AGGREGATE_TYPE.test(type) ? { [`${type}.id`]: id } : {};
