import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { STREAM_KEY } from '../../../shared/eventstore/grpc/stream-name.ts';
import {
  type GrpcService,
  toServiceError,
} from '../../../shared/kit/transport/grpc/grpc-server.ts';
import { invalidRequest, otherStream } from '../request-rules.ts';

interface Call {
  readonly metadata: Metadata;
  emit(event: 'error', error: ServiceError): boolean;
}
type Handler = (call: Call, answer?: (error: ServiceError) => void) => void;

/**
 * Dispatches each call to the service of the stream named in its metadata. A call
 * without a stream goes to the first, as older clients expect; a call for a stream
 * that is not served is refused.
 */
export function byStream(services: ReadonlyMap<string, GrpcService>): GrpcService {
  const [first] = services.values();
  if (first === undefined) throw new Error('No stream is given.');
  const served = [...services.keys()].join(', ');

  const route =
    (method: string): Handler =>
    (call, answer) => {
      const [asked] = call.metadata.get(STREAM_KEY);
      const chosen = asked === undefined ? first : services.get(String(asked));
      if (chosen !== undefined) return (chosen.implementation[method] as Handler)(call, answer);
      const message = otherStream(String(asked), served);
      const refusal = toServiceError(invalidRequest([{ field: 'stream', message }]));
      if (answer === undefined) call.emit('error', refusal);
      else answer(refusal);
    };

  const methods = Object.keys(first.implementation);
  return {
    definition: first.definition,
    implementation: Object.fromEntries(methods.map((method) => [method, route(method)])) as never,
  };
}
