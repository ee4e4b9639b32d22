/** Recovery of the log, as the service LogRecovery of proto/eventstore.proto. */
import { type LogRecoveryServer, LogRecoveryService } from '../../../proto/gen/eventstore.ts';
import { recordedToWire } from '../../../shared/eventstore/grpc/wire.ts';
import type { LogRecovery } from '../../../shared/eventstore/log-recovery.ts';
import {
  type GrpcCarrier,
  type GrpcService,
  serverStream,
  unary,
} from '../../../shared/kit/transport/grpc/grpc-server.ts';
import type { Hook } from '../../../shared/kit/transport/hooks.ts';
import { bounded } from './bounds.ts';
import { inMessages } from './event-messages.ts';
import { discardFromWire, giveUpFromWire } from './requests.ts';

export function createRecoveryGrpcService(
  endpoints: LogRecovery,
  stream: string,
  hook: Hook<GrpcCarrier>,
): GrpcService {
  const named = (method: string) => ({ name: `eventstore.LogRecovery/${method}`, hook });
  const implementation: LogRecoveryServer = {
    getStanding: unary({
      ...named('GetStanding'),
      decode: () => undefined,
      endpoint: endpoints.standing,
      encode: (standing) => standing,
    }),

    getLostEvents: serverStream({
      ...named('GetLostEvents'),
      decode: () => undefined,
      endpoint: async (ctx) => inMessages(await endpoints.lostEvents(ctx)),
      encode: (events) => ({
        events: events.map(recordedToWire),
        nextPosition: events.at(-1)?.position ?? 0n,
      }),
    }),

    recoverLog: serverStream({
      ...named('RecoverLog'),
      decode: () => undefined,
      endpoint: endpoints.recover,
      encode: (position) => ({ position }),
    }),

    giveUpEvents: unary({
      ...named('GiveUpEvents'),
      decode: (request) => giveUpFromWire(request, stream),
      endpoint: endpoints.giveUp,
      encode: () => ({}),
    }),

    discardLostEvents: unary({
      ...named('DiscardLostEvents'),
      decode: discardFromWire,
      endpoint: endpoints.discard,
      encode: () => ({}),
    }),
  };
  return { definition: bounded(LogRecoveryService), implementation };
}
