import type { ServerOptions } from '@grpc/grpc-js';

/**
 * What one process accepts from its clients, all in one place. By default grpc-js limits
 * a message's size and nothing else. Clients do not identify themselves, so fairness ends
 * where many connections each take a share; silent ones make room for others.
 */
export interface GrpcLimits {
  /** The largest message, taken or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** A call's metadata, in bytes. */
  readonly maxMetadataBytes: number;
  /** Connections; see connection-room.ts for who makes room for the next one. Each of our clients has one. */
  readonly maxConnections: number;
  /** Open calls on one connection; a client library queues more. */
  readonly maxCallsPerConnection: number;
  /** Open calls in total. */
  readonly maxCalls: number;
  /**
   * Bytes received of all requests together: of a call with one request until the call
   * ends, of a stream until each request is complete. A call that exceeds this is
   * refused. It is more than group commit lets wait, whose refusal says more.
   */
  readonly maxRequestBytes: number;
  /** Open calls of one method that answers with a stream: each holds a page, or appends, for as long as its client likes. */
  readonly maxStreamsPerMethod: number;
  /** Of those, the streams of one peer: an address, or a connection on loopback. */
  readonly maxStreamsPerPeer: number;
  /** A stream whose client has sent nothing for this long makes room for another; in milliseconds. Our clients send something each second. */
  readonly idleStreamMs: number;
  /** How long a new connection may stay silent, in milliseconds. */
  readonly firstMs: number;
  /**
   * How long a request may take to arrive, in milliseconds: a call's request and the
   * first of a stream from the start of the call, later ones of a stream from their first
   * byte.
   */
  readonly requestMs: number;
  /** How long one answer may wait for a client that does not read, in milliseconds. */
  readonly stalledMs: number;
  /** How long a connection may be silent before it is pinged, in milliseconds. */
  readonly keepaliveMs: number;
  /** How long the ping may stay unanswered, in milliseconds. */
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
 * The limits that grpc-js knows. Clients may ping at any time; nghttp2 ends floods of
 * pings, settings and resets by closing the connection. Connections have no maximum age
 * or idle time: there is nothing to balance, and each closing would cost a client a call.
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
