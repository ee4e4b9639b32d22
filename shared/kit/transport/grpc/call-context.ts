/** How a context crosses a gRPC call: deadline and cancellation by gRPC itself, the rest as metadata. */
import type { Metadata, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { background, type Context, withSignal, withTimeLeft } from '../../context.ts';
import { CodedError } from '../../errors.ts';
import { callerOf } from '../tls/caller.ts';

const keys = { correlation: 'correlation-id', causation: 'causation-id' } as const;

/** A valid id: short printable ASCII, because a header holds it. */
const id = /^[\x21-\x7e]{1,200}$/;

/** The context of a call that is being served. Its signal aborts when the client cancels, goes away or runs out of time. */
export function contextOfCall(
  call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
): Context {
  const gone = new AbortController();
  const leave = () =>
    gone.abort(new CodedError('cancelled', 'cancelled', 'The caller disconnected.'));
  if (call.cancelled) leave();
  else call.once('cancelled', leave);
  const base = background(idIn(call.metadata, keys.correlation));
  const ctx = withSignal(
    {
      ...base,
      causationId: idIn(call.metadata, keys.causation),
      peer: callerOf(call.metadata),
    },
    gone.signal,
  );
  // The library uses the machine's clock; from here on that clock may be set.
  const left = Number(call.getDeadline()) - Date.now();
  return Number.isFinite(left) ? withTimeLeft(ctx, left) : ctx;
}

/** Writes the parts of `ctx` that travel as metadata. Skips an id that no header can hold. */
export function writeContext(metadata: Metadata, ctx: Context): void {
  if (id.test(ctx.correlationId)) metadata.set(keys.correlation, ctx.correlationId);
  if (ctx.causationId !== undefined && id.test(ctx.causationId)) {
    metadata.set(keys.causation, ctx.causationId);
  }
}

function idIn(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' && id.test(value) ? value : undefined;
}
