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

/** A carrier over a record, such as an event's metadata map. Writes to `record`. */
export function recordCarrier(record: Record<string, string>, method: string): GrpcCarrier {
  return {
    method,
    get: (key) => (Object.hasOwn(record, key) ? record[key] : undefined),
    set: (key, value) => {
      record[key] = value;
    },
  };
}
