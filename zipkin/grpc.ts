import { SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { GrpcCarrier } from '../shared/kit/transport/grpc/carrier.ts';
import type { Hook, Outcome } from '../shared/kit/transport/hooks.ts';
import { extract, inject } from './propagation.ts';
import { endSpan } from './span.ts';

const system = { 'rpc.system': 'grpc' };

const statusTag = ({ status }: Outcome) => ({ 'rpc.grpc.status_code': String(status) });

/** A SERVER span for each served call, or each append in a stream. */
export function grpcServerTrace(tracer: Tracer): Hook<GrpcCarrier> {
  return {
    before(ctx, wire) {
      const parent = extract(ctx.telemetry, (key) => wire.get(key));
      const options = { kind: SpanKind.SERVER, attributes: system };
      const span = tracer.startSpan(wire.method, options, parent);
      return withTelemetry(ctx, trace.setSpan(parent, span));
    },
    after: (ctx, _wire, outcome) => endSpan(ctx, outcome.error, statusTag(outcome)),
  };
}

/** A CLIENT span for each call made; the server's span becomes its child. */
export function grpcClientTrace(tracer: Tracer): Hook<GrpcCarrier> {
  return {
    before(ctx, wire) {
      const options = { kind: SpanKind.CLIENT, attributes: system };
      const span = tracer.startSpan(wire.method, options, ctx.telemetry);
      const telemetry = trace.setSpan(ctx.telemetry, span);
      for (const [key, value] of Object.entries(inject(telemetry))) wire.set(key, value);
      return withTelemetry(ctx, telemetry);
    },
    after: (ctx, _wire, outcome) => endSpan(ctx, outcome.error, statusTag(outcome)),
  };
}
