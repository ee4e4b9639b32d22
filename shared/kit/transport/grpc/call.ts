import {
  type CallOptions,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { type Context, remaining } from '../../context.ts';
import { CodedError } from '../../errors.ts';
import { isLoopback } from '../../process/address/loopback.ts';
import { type Hook, noHook } from '../hooks.ts';
import { type Silence, watchSilence } from '../silence.ts';
import { writeContext } from './call-context.ts';
import { type GrpcCarrier, metadataCarrier } from './carrier.ts';
import { fromServiceError } from './grpc-status.ts';
import { askForHeartbeats, type HeartbeatSettings, promisesHeartbeats } from './heartbeat.ts';

/**
 * How our clients keep their channels. By default grpc-js notices a dead peer only when a
 * call fails, and waits up to two minutes before it reconnects.
 */
export const channelOptions: ClientOptions = {
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // By default 64 KiB: a batch of events waited four times for leave to go on.
  'grpc-node.flow_control_window': 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.service_config_disable_resolution': 1,
};

/**
 * The same for a channel to `address`, `host:port`. By default grpc-js uses the proxy in
 * `http_proxy` even for this machine, unless no_proxy excludes it.
 */
export function channelOptionsFor(address: string): ClientOptions {
  const host = address.replace(/^(dns|ipv4|ipv6):\/*/, '').replace(/:\d+$/, '');
  return { ...channelOptions, 'grpc.enable_http_proxy': isLoopback(host) ? 0 : 1 };
}

export interface CallSettings {
  /** `eventstore.EventStore/CreateEvent`, for the hook. */
  readonly name: string;
  /** The most this call may take; an earlier deadline of the context wins. */
  readonly timeoutMs: number;
  readonly hook?: Hook<GrpcCarrier>;
}

/** A unary method of a generated client, bound to it: `client.createEvent.bind(client)`. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/**
 * Calls `method` once. Rejects with a CodedError, of kind `unavailable` or
 * `timeout` where the outcome is unknown, `cancelled` where `ctx` was aborted.
 */
export async function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  ctx: Context,
  settings: CallSettings,
): Promise<Response> {
  const { wire, metadata, options, sent, hook } = begin(ctx, settings);
  let unlisten = () => {};
  try {
    const response = await new Promise<Response>((resolve, reject) => {
      const call = method(request, metadata, options, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
      unlisten = onAbort(ctx.signal, () => call.cancel());
    });
    hook.after(sent, wire, { status: status.OK, error: undefined });
    return response;
  } catch (thrown) {
    const error = failure(thrown, ctx);
    hook.after(sent, wire, { status: statusOf(thrown), error });
    throw error;
  } finally {
    unlisten();
  }
}

/** A server streaming method of a generated client, bound to it. */
export type StreamMethod<Request, Item> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientReadableStream<Item>;

/** The heartbeats that a client asks for on a stream; each is yielded like any other message. */
export interface StreamHeartbeat extends HeartbeatSettings {
  /** Whether a server that promised no heartbeats answers within `withinMs`; see `isThere`. */
  readonly probe: (withinMs: number) => Promise<boolean>;
  /** Called when nothing came while a message was awaited; the call is given up. */
  readonly onSilent: (reason: string) => void;
}

/**
 * Calls `method` and yields its messages on demand; the server waits while nobody asks.
 * `timeoutMs` covers the whole stream. Throws like `callUnary`, and `unavailable` if the
 * stream falls silent. Leaving the loop ends the call.
 */
export async function* callServerStream<Request, Item>(
  method: StreamMethod<Request, Item>,
  request: Request,
  ctx: Context,
  settings: CallSettings & { readonly heartbeat?: StreamHeartbeat },
): AsyncGenerator<Item, void, undefined> {
  const { wire, metadata, options, sent, hook } = begin(ctx, settings);
  const { heartbeat } = settings;
  let outcome: { status: number; error: unknown } = { status: status.OK, error: undefined };
  if (heartbeat !== undefined) askForHeartbeats(heartbeat.everyMs, metadata);
  const call = method(request, metadata, options);
  const watch = heartbeat && watched(call, heartbeat);
  // The loop below handles errors; later ones, such as from our own cancel, are ignored.
  call.on('error', () => {});
  const unlisten = onAbort(ctx.signal, () => call.cancel());
  try {
    for await (const item of call) {
      // Nothing is due while nobody asks for the next message.
      watch?.pause();
      yield item as Item;
      watch?.go();
    }
  } catch (thrown) {
    const error = watch?.silent() ?? failure(thrown, ctx);
    outcome = { status: statusOf(thrown), error };
    throw error;
  } finally {
    unlisten();
    watch?.stop();
    call.cancel();
    hook.after(sent, wire, outcome);
  }
}

/** Cancels `call` when nothing arrives although somebody waits for it. */
function watched<Item>(call: ClientReadableStream<Item>, heartbeat: StreamHeartbeat) {
  const { everyMs, mostMissed, probe, onSilent } = heartbeat;
  let promised = false;
  let awaited = true;
  let error: CodedError | undefined;
  const silence: Silence = watchSilence({
    everyMs,
    most: mostMissed,
    due: () => awaited,
    onTick: (missed) => {
      if (promised || missed !== 1) return;
      void probe(mostMissed * everyMs).then((answered) => answered && silence.heard());
    },
    onSilent: () => {
      const reason = `silent for ${(mostMissed + 1) * everyMs} ms`;
      error = new CodedError('unavailable', 'stream_silent', `The stream was closed: ${reason}.`);
      call.cancel();
      onSilent(reason);
    },
  });
  call.on('metadata', (initial: Metadata) => {
    silence.heard();
    promised = promisesHeartbeats(initial);
  });
  return {
    pause: () => {
      awaited = false;
      silence.heard();
    },
    go: () => {
      awaited = true;
    },
    /** The error of a call that was given up. */
    silent: () => error,
    stop: silence.stop,
  };
}

function begin(ctx: Context, { name, timeoutMs, hook = noHook }: CallSettings) {
  if (ctx.signal.aborted) throw aborted(ctx);
  const metadata = new Metadata();
  writeContext(metadata, ctx);
  const wire = metadataCarrier(metadata, name);
  const sent = hook.before(ctx, wire);
  // The library uses the machine's clock, and reads it once, now.
  const deadline = Date.now() + Math.min(remaining(ctx, timeoutMs), timeoutMs);
  return { metadata, wire, sent, hook, options: { deadline } };
}

function onAbort(signal: AbortSignal, cancel: () => void): () => void {
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

/** A cancelled call that we did not cancel was cut off by a server that went away. */
function failure(thrown: unknown, ctx: Context): CodedError {
  if (ctx.signal.aborted) return aborted(ctx, thrown);
  const error = fromServiceError(thrown);
  if (error.kind !== 'cancelled') return error;
  return new CodedError('unavailable', 'unavailable', 'The call was cut off.', { cause: thrown });
}

function aborted(ctx: Context, cause: unknown = ctx.signal.reason): CodedError {
  return remaining(ctx, 1) === 0
    ? new CodedError('timeout', 'deadline_exceeded', 'Time ran out.', { cause })
    : new CodedError('cancelled', 'cancelled', 'The caller disconnected.', { cause });
}

function statusOf(thrown: unknown): number {
  const { code } = thrown as { code?: unknown };
  return typeof code === 'number' ? code : status.UNKNOWN;
}
