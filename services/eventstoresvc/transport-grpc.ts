/** The endpoints as the service of proto/eventstore.proto: decode, call one endpoint, encode. */
import { type EventStoreServer, EventStoreService } from '../../proto/gen/eventstore.ts';
import { deadLetterToWire, recordedToWire } from '../../shared/eventstore/grpc/wire.ts';
import {
  type GrpcCarrier,
  type GrpcService,
  serverStream,
  unary,
} from '../../shared/kit/transport/grpc/grpc-server.ts';
import type { Hook } from '../../shared/kit/transport/hooks.ts';
import type { Endpoints } from './endpoints.ts';
import { createAppendStreams } from './grpc/append-events.ts';
import { bounded } from './grpc/bounds.ts';
import { aggregatesToWire, inMessages, pageToWire } from './grpc/event-messages.ts';
import { lettersToWire } from './grpc/letter-messages.ts';
import {
  aggregatesFromWire,
  appendFromWire,
  headFromWire,
  letterFromWire,
  lettersFromWire,
  readFromWire,
  streamFromWire,
  takeFromWire,
} from './grpc/requests.ts';

/**
 * @param stream the stream served; an event or a request for another one is refused
 * @param maxDataBytes as in EventLimits, so that an event refused for its stream is also checked for size
 *
 * Call `stopStreams` before the server stops.
 */
export function createGrpcService(
  endpoints: Endpoints,
  stream: string,
  hook: Hook<GrpcCarrier>,
  maxDataBytes: number,
): GrpcService & { stopStreams(): void } {
  const limits = { stream, maxDataBytes };
  const named = (method: string) => ({ name: `eventstore.EventStore/${method}`, hook });
  const streams = createAppendStreams({
    ...named('AppendEvents'),
    decode: (append) => appendFromWire(append, limits),
    endpoint: endpoints.append,
  });

  const implementation: EventStoreServer = {
    createEvent: unary({
      ...named('CreateEvent'),
      decode: ({ event, ...rest }) =>
        appendFromWire({ events: event === undefined ? [] : [event], ...rest }, limits),
      endpoint: endpoints.append,
      encode: (appended) => ({ isSuccess: true, error: '', ...appended }),
    }),

    appendEvents: streams.handler,

    getEvents: unary({
      ...named('GetEvents'),
      decode: (request) => readFromWire(request, stream),
      endpoint: endpoints.read,
      encode: pageToWire,
    }),

    getAggregates: unary({
      ...named('GetAggregates'),
      decode: (request) => aggregatesFromWire(request, stream),
      endpoint: endpoints.readAggregates,
      encode: aggregatesToWire,
    }),

    getEventsStream: serverStream({
      ...named('GetEventsStream'),
      decode: (request) => streamFromWire(request, stream),
      endpoint: endpoints.stream,
      encode: recordedToWire,
    }),

    getEventsBatches: serverStream({
      ...named('GetEventsBatches'),
      decode: (request) => streamFromWire(request, stream),
      endpoint: async (ctx, request) => inMessages(await endpoints.batches(ctx, request)),
      heartbeat: () => ({ events: [], nextPosition: 0n }),
      encode: (events) => ({
        events: events.map(recordedToWire),
        nextPosition: events.at(-1)?.position ?? 0n,
      }),
    }),

    getHead: unary({
      ...named('GetHead'),
      decode: (request) => headFromWire(request, stream),
      endpoint: endpoints.head,
      encode: (position) => ({ position }),
    }),

    getCurrency: unary({
      ...named('GetCurrency'),
      decode: () => undefined,
      endpoint: endpoints.currency,
      encode: (currency) => currency ?? { code: '', decimals: 0 },
    }),

    settleCurrency: unary({
      ...named('SettleCurrency'),
      decode: (request) => request,
      endpoint: endpoints.settleCurrency,
      encode: (currency) => currency,
    }),

    saveCheckpoint: unary({
      ...named('SaveCheckpoint'),
      decode: (request) => request,
      endpoint: endpoints.saveCheckpoint,
      encode: () => ({}),
    }),

    getCheckpoint: unary({
      ...named('GetCheckpoint'),
      decode: ({ consumer }) => consumer,
      endpoint: endpoints.getCheckpoint,
      encode: (checkpoint) => checkpoint,
    }),

    listCheckpoints: unary({
      ...named('ListCheckpoints'),
      decode: () => undefined,
      endpoint: endpoints.listCheckpoints,
      encode: (checkpoints) => ({
        checkpoints: checkpoints.map(({ silentMs, ...checkpoint }) => ({
          ...checkpoint,
          ...(silentMs !== undefined && { silentMs: BigInt(silentMs) }),
        })),
      }),
    }),

    parkDeadLetter: unary({
      ...named('ParkDeadLetter'),
      decode: letterFromWire,
      endpoint: endpoints.park,
      encode: () => ({}),
    }),

    listDeadLetters: unary({
      ...named('ListDeadLetters'),
      decode: lettersFromWire,
      endpoint: endpoints.deadLetters,
      encode: (letters) => ({ letters: lettersToWire(letters) }),
    }),

    requestReplay: unary({
      ...named('RequestReplay'),
      decode: (request) => request,
      endpoint: endpoints.requestReplay,
      encode: (letter) => ({ letter: deadLetterToWire(letter) }),
    }),

    takeReplays: unary({
      ...named('TakeReplays'),
      decode: takeFromWire,
      endpoint: endpoints.takeReplays,
      encode: (letters) => ({ letters: lettersToWire(letters) }),
    }),

    resolveReplay: unary({
      ...named('ResolveReplay'),
      decode: (request) => request,
      endpoint: endpoints.resolveReplay,
      encode: () => ({}),
    }),

    closeDeadLetter: unary({
      ...named('CloseDeadLetter'),
      decode: (request) => request,
      endpoint: endpoints.closeLetter,
      encode: (letter) => ({ letter: deadLetterToWire(letter) }),
    }),
  };
  return { definition: bounded(EventStoreService), implementation, stopStreams: streams.stop };
}
