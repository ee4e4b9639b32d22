import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';

/** Metadata of every call: its stream, for a store that serves several. */
export const STREAM_KEY = 'eventstore-stream';

/** Names `stream` in the metadata of each call of a client. */
export const namingStream =
  (stream: string): Interceptor =>
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set(STREAM_KEY, stream);
        next(metadata, listener);
      },
    });
