import {
  type SpanKind,
  type SpanOptions,
  type Context as TelemetryContext,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type Context, withTelemetry } from '../shared/kit/context.ts';
import type { Hook, Outcome } from '../shared/kit/transport/hooks.ts';
import { endSpan, leftOut, recording, type Tags } from './span.ts';

/** The span that a transport's requests or messages have. Only recorded spans need `tags`, `links` and `result`. */
export interface SpanPlace<Wire> {
  readonly kind: SpanKind;
  /**
   * Whether the sampler decides here even about a trace that was left out before. Default:
   * it decides only where a trace begins.
   */
  readonly edge?: boolean;
  /** Where the span belongs; default: where the context is. */
  parent?(telemetry: TelemetryContext, wire: Wire): TelemetryContext;
  /** Holds no ids. */
  name(wire: Wire): string;
  tags(wire: Wire): Tags;
  links?(parent: TelemetryContext, wire: Wire): SpanOptions['links'];
  /** Writes to the wire by what the other end continues the trace. */
  passOn?(telemetry: TelemetryContext, wire: Wire): void;
  result(outcome: Outcome): Tags;
}

/**
 * A span around each request or message. In a trace that was left out there is no span, and
 * nothing is built for one: the ids go on as they came.
 */
export function spanHook<Wire>(tracer: Tracer, place: SpanPlace<Wire>): Hook<Wire> {
  return {
    before(ctx, wire) {
      const parent = place.parent?.(ctx.telemetry, wire) ?? ctx.telemetry;
      if (place.edge !== true && leftOut(parent)) return goOn(ctx, parent, wire);
      const span = tracer.startSpan(place.name(wire), { kind: place.kind }, parent);
      if (span.isRecording()) {
        for (const [name, value] of Object.entries(place.tags(wire))) {
          if (value !== undefined) span.setAttribute(name, value);
        }
        span.addLinks(place.links?.(parent, wire) ?? []);
      }
      return goOn(ctx, trace.setSpan(parent, span), wire);
    },
    after(ctx, _wire, outcome) {
      const span = recording(ctx);
      if (span !== undefined) endSpan(span, outcome.error, place.result(outcome));
    },
  };

  function goOn(ctx: Context, telemetry: TelemetryContext, wire: Wire): Context {
    place.passOn?.(telemetry, wire);
    return telemetry === ctx.telemetry ? ctx : withTelemetry(ctx, telemetry);
  }
}
