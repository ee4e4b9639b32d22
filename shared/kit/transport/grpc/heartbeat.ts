/**
 * Heartbeats on a gRPC stream, as eventstore.proto describes them. An open connection
 * proves nothing, and neither does one that answers pings: only data on the stream itself
 * does.
 */
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** Metadata of client and server: milliseconds between two heartbeats. */
const KEY = 'heartbeat-ms';

/** The interval that a client may ask for; outside this range no heartbeats are sent. */
const MIN_MS = 20;
const MAX_MS = 60_000;

export interface HeartbeatSettings {
  /** Between two heartbeats, in milliseconds. */
  readonly everyMs: number;
  /** Heartbeats that may be missed in a row. */
  readonly mostMissed: number;
}

/** Seven seconds: a garbage collection or a busy machine is not a stall. */
export const heartbeatDefaults: HeartbeatSettings = { everyMs: 1_000, mostMissed: 6 };

/** `metadata` that asks for heartbeats. */
export function askForHeartbeats(everyMs: number, metadata = new Metadata()): Metadata {
  metadata.set(KEY, String(everyMs));
  return metadata;
}

/** Whether the server's initial metadata promises heartbeats; an older server's does not. */
export const promisesHeartbeats = (initial: Metadata): boolean => initial.get(KEY).length > 0;

/**
 * Asks a server that promised no heartbeats whether it is alive, by a health check, which
 * needs no database. Resolves with whether it answered at all, whatever the answer. This
 * proves nothing about a stream, but an older server offers no more.
 */
export function isThere(client: Client, withinMs: number): Promise<boolean> {
  const nothing = () => Buffer.alloc(0);
  const path = '/grpc.health.v1.Health/Check';
  return new Promise((resolve) => {
    const deadline = Date.now() + withinMs;
    const answered = (error: ServiceError | null) => {
      const { code } = error ?? { code: status.OK };
      resolve(code !== status.DEADLINE_EXCEEDED && code !== status.UNAVAILABLE);
    };
    client.makeUnaryRequest(path, nothing, nothing, null, new Metadata(), { deadline }, answered);
  });
}

/** The part of a served call that heartbeats need. */
export interface BeatingCall<Message> {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  readonly writableEnded: boolean;
  readonly writableNeedDrain: boolean;
  sendMetadata(metadata: Metadata): void;
  write(message: Message): boolean;
  once(event: 'cancelled' | 'finish', listener: () => void): unknown;
}

/**
 * Promises heartbeats to a client that asked for them, and sends them until the
 * call ends: `beat` makes each. One is left out while the client does not read.
 */
export function sendHeartbeats<Message>(call: BeatingCall<Message>, beat: () => Message): void {
  const asked = Number(call.metadata.get(KEY)[0]);
  if (!(asked >= MIN_MS && asked <= MAX_MS) || call.cancelled) return;
  call.sendMetadata(askForHeartbeats(asked));
  const timer = setInterval(() => {
    if (!call.cancelled && !call.writableEnded && !call.writableNeedDrain) call.write(beat());
  }, asked).unref();
  const stop = () => clearInterval(timer);
  call.once('cancelled', stop);
  call.once('finish', stop);
}
