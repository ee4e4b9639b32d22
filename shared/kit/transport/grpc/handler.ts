import { type EventEmitter, once } from 'node:events';
import { type handleServerStreamingCall, type handleUnaryCall, status } from '@grpc/grpc-js';
import type { Endpoint } from '../../endpoint.ts';
import { CodedError } from '../../errors.ts';
import { guarded, type Hook, noHook } from '../hooks.ts';
import { contextOfCall } from './call-context.ts';
import { type GrpcCarrier, metadataCarrier } from './carrier.ts';
import { decoded } from './decoding.ts';
import { toServiceError } from './grpc-status.ts';
import { sendHeartbeats } from './heartbeat.ts';

export interface HandlerOptions<WireRequest, Request, Response, WireResponse> {
  /** `eventstore.EventStore/CreateEvent`, for the hook. */
  readonly name: string;
  readonly decode: (wire: WireRequest) => Request;
  readonly endpoint: Endpoint<Request, Response>;
  readonly encode: (response: Response) => WireResponse;
  readonly hook?: Hook<GrpcCarrier>;
}

/** Serves an endpoint as a unary method: decode, endpoint, encode; an error becomes a status. */
export function unary<WireRequest, Request, Response, WireResponse>(
  options: HandlerOptions<WireRequest, Request, Response, WireResponse>,
): handleUnaryCall<WireRequest, WireResponse> {
  const { name, decode, endpoint, encode } = options;
  const hook = guarded(options.hook ?? noHook);
  return async (call, callback) => {
    const wire = metadataCarrier(call.metadata, name);
    const ctx = hook.before(contextOfCall(call), wire);
    try {
      callback(null, encode(await endpoint(ctx, decode(decoded(call.request)))));
      hook.after(ctx, wire, { status: status.OK, error: undefined });
    } catch (error) {
      const failure = toServiceError(error);
      callback(failure);
      hook.after(ctx, wire, { status: failure.code, error });
    }
  };
}

/**
 * Serves an endpoint as a server stream; `encode` makes one message of each item. Nothing
 * is read from the source while the client is slow, so memory stays bounded; the source
 * is closed when the client leaves. With `heartbeat` it sends heartbeats to clients that
 * asked for them.
 */
export function serverStream<WireRequest, Request, Item, WireResponse>(
  options: Omit<HandlerOptions<WireRequest, Request, Item, WireResponse>, 'endpoint'> & {
    readonly endpoint: Endpoint<Request, AsyncIterable<Item>>;
    readonly heartbeat?: () => WireResponse;
  },
): handleServerStreamingCall<WireRequest, WireResponse> {
  const { name, decode, endpoint, encode, heartbeat } = options;
  const hook = guarded(options.hook ?? noHook);
  return async (call) => {
    if (heartbeat !== undefined) sendHeartbeats(call, heartbeat);
    const wire = metadataCarrier(call.metadata, name);
    const ctx = hook.before(contextOfCall(call), wire);
    try {
      for await (const item of await endpoint(ctx, decode(decoded(call.request)))) {
        ctx.signal.throwIfAborted();
        if (!call.write(encode(item))) await drained(call, ctx.signal);
      }
      call.end();
      hook.after(ctx, wire, { status: status.OK, error: undefined });
    } catch (error) {
      const failure = toServiceError(error);
      // grpc-js learns the status of a stream this way; it listens itself.
      call.emit('error', failure);
      hook.after(ctx, wire, { status: failure.code, error });
    }
  };
}

async function drained(call: EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(call, 'drain', { signal });
  } catch (cause) {
    throw new CodedError('cancelled', 'cancelled', 'The caller disconnected.', { cause });
  }
}
