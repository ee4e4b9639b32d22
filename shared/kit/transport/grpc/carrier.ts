import type { Metadata } from '@grpc/grpc-js';

/**
 * What a hook sees of a gRPC call, and of an append that travels with others
 * in one stream message: its method and its text metadata.
 */
export interface GrpcCarrier {
  /** `eventstore.EventStore/CreateEvent`: no ids in it. */
  readonly method: string;
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

/** A carrier over a call's metadata. */
export function metadataCarrier(metadata: Metadata, method: string): GrpcCarrier {
  return {
    method,
    get: (key) => {
      const [value] = metadata.get(key);
      return typeof value === 'string' ? value : undefined;
    },
    set: (key, value) => metadata.set(key, value),
  };
}

/** A carrier over a record. */
export interface RecordCarrier extends GrpcCarrier {
  /** The record as it was given, or a copy with what was set. */
  readonly record: Readonly<Record<string, string>>;
}

/** A carrier over a record, such as an event's metadata map. Never writes to `record`. */
export function recordCarrier(
  record: Readonly<Record<string, string>>,
  method: string,
): RecordCarrier {
  let own: Record<string, string> | undefined;
  return {
    method,
    get record() {
      return own ?? record;
    },
    get: (key) => {
      const now = own ?? record;
      return Object.hasOwn(now, key) ? now[key] : undefined;
    },
    set: (key, value) => {
      own ??= { ...record };
      own[key] = value;
    },
  };
}
