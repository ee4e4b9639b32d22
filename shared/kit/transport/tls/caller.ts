import type { Metadata } from '@grpc/grpc-js';

/** By the metadata of the call, which the library hands from one to the next. */
const callers = new WeakMap<Metadata, string>();

/** Notes who makes the call that this metadata belongs to. */
export const rememberCaller = (metadata: Metadata, identity: string): void =>
  void callers.set(metadata, identity);

/** Who makes the call, by the certificate of its connection; undefined without certificates. */
export const callerOf = (metadata: Metadata): string | undefined => callers.get(metadata);
