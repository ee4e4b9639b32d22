import type { ServerOptions } from '@grpc/grpc-js';

/**
 * What one process takes from its clients, all of it in one place. Left alone
 * grpc-js bounds a message's size and nothing else. Nobody is asked who they
 * are, so fairness ends where many connections take a share each; what is silent
 * makes room for others.
 */
export interface GrpcLimits {
  /** The largest message, taken or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** A call's metadata, in bytes. */
  readonly maxMetadataBytes: number;
  /** Connections; see connection-room.ts for who makes room for the next one. Each of our clients has one. */
  readonly maxConnections: number;
  /** Calls that are open on one connection; a client library queues what is beyond. */
  readonly maxCallsPerConnection: number;
  /** Calls that are open altogether. */
  readonly maxCalls: number;
  /**
   * What has come of all requests together, in bytes: of a call with one request
   * until the call ends, of a stream of them until each is whole. A call that
   * brings more is refused. More than group commit lets wait, which says it better.
   */
  readonly maxRequestBytes: number;
  /** Open calls of one method that answers with a stream: each holds a page, or appends, for as long as its client likes. */
  readonly maxStreamsPerMethod: number;
  /** Of these, streams of one peer: an address, or on loopback a connection. */
  readonly maxStreamsPerPeer: number;
  /** A stream whose client has sent nothing for so long makes room for another, in milliseconds. Our clients send something each second. */
  readonly idleStreamMs: number;
  /** How long a new connection may say nothing, in milliseconds. */
  readonly firstMs: number;
  /** How long a request may take to arrive, in milliseconds: the one of a call and the first of a stream from its beginning, every other of a stream from its first byte. */
  readonly requestMs: number;
  /** How long one answer may wait for a client that does not read, in milliseconds. */
  readonly stalledMs: number;
  /** How long a connection may be silent before it is asked whether it lives, in milliseconds. */
  readonly keepaliveMs: number;
  /** How long that question may stay without an answer, in milliseconds. */
  readonly keepaliveTimeoutMs: number;
}

export const grpcLimits: GrpcLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxMetadataBytes: 16 * 1024,
  maxConnections: 256,
  maxCallsPerConnection: 512,
  maxCalls: 1_024,
  maxRequestBytes: 128 * 1024 * 1024,
  maxStreamsPerMethod: 128,
  maxStreamsPerPeer: 32,
  idleStreamMs: 5_000,
  firstMs: 5_000,
  requestMs: 10_000,
  stalledMs: 60_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

/**
 * The limits that grpc-js knows of. Pings of clients are permitted whenever they
 * come; floods of pings, settings and resets are nghttp2's to end, which closes
 * the connection. Connections have no greatest age and no greatest idle time:
 * there is nothing to balance, and each closing would cost a client a call.
 */
export function serverOptions(limits: GrpcLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_send_message_length': limits.maxMessageBytes,
    'grpc.max_concurrent_streams': limits.maxCallsPerConnection,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  };
}
