import { SpanKind, type Tracer } from '@opentelemetry/api';
import type { GrpcCarrier } from '../shared/kit/transport/grpc/carrier.ts';
import type { Hook, Outcome } from '../shared/kit/transport/hooks.ts';
import { extractOfCaller, inject } from './propagation.ts';
import { spanHook } from './span-hook.ts';

const system = { 'rpc.system': 'grpc' };

const common = {
  name: (wire: GrpcCarrier) => wire.method,
  tags: () => system,
  result: ({ status }: Outcome) => ({ 'rpc.grpc.status_code': String(status) }),
};

/** A SERVER span for each served call, or each append in a stream. */
export function grpcServerTrace(tracer: Tracer): Hook<GrpcCarrier> {
  return spanHook(tracer, {
    ...common,
    kind: SpanKind.SERVER,
    parent: (telemetry, wire) => extractOfCaller(telemetry, (key) => wire.get(key)),
  });
}

/** A CLIENT span for each call made; the server's span becomes its child. */
export function grpcClientTrace(tracer: Tracer): Hook<GrpcCarrier> {
  return spanHook(tracer, {
    ...common,
    kind: SpanKind.CLIENT,
    passOn: (telemetry, wire) => inject(telemetry, (key, value) => wire.set(key, value)),
  });
}
