/** The endpoints as the service of proto/eventstore.proto: decode, call one endpoint, encode. */
import {
  type EventStoreServer,
  EventStoreService,
  type GetEventsResponse,
} from '../../proto/gen/eventstore.ts';
import type { EventPage, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { deadLetterToWire, recordedToWire } from '../../shared/eventstore/wire.ts';
import {
  type GrpcCarrier,
  type GrpcService,
  serverStream,
  unary,
} from '../../shared/kit/transport/grpc.ts';
import type { Hook } from '../../shared/kit/transport/hooks.ts';
import { createAppendStreams } from './append-stream.ts';
import type { Endpoints } from './endpoints.ts';
import { lettersToWire } from './letters-to-wire.ts';
import { bounded } from './transport-grpc-bounds.ts';
import {
  appendFromWire,
  consumerAt,
  consumerFromWire,
  headFromWire,
  letterFromWire,
  lettersFromWire,
  readFromWire,
  takeFromWire,
} from './transport-grpc-requests.ts';

/**
 * @param stream the stream that is served; an event or a request for another one is refused
 * @param maxDataBytes as in EventLimits, so that what is refused here for its stream is told of its size, too
 *
 * `stopStreams` is to be called before the server stops.
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
      decode: ({ event, expectedVersion }) =>
        appendFromWire({ events: event === undefined ? [] : [event], expectedVersion }, limits),
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

    getEventsStream: serverStream({
      ...named('GetEventsStream'),
      // Its limit is ignored, as the contract says.
      decode: (request) => readFromWire({ ...request, limit: 0 }, stream).filter,
      endpoint: endpoints.stream,
      encode: recordedToWire,
    }),

    getHead: unary({
      ...named('GetHead'),
      decode: (request) => headFromWire(request, stream),
      endpoint: endpoints.head,
      encode: (position) => ({ position }),
    }),

    saveCheckpoint: unary({
      ...named('SaveCheckpoint'),
      decode: (request) => consumerAt(request, 0n),
      endpoint: endpoints.saveCheckpoint,
      encode: () => ({}),
    }),

    getCheckpoint: unary({
      ...named('GetCheckpoint'),
      decode: consumerFromWire,
      endpoint: endpoints.getCheckpoint,
      encode: (position) => ({ position }),
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
      decode: (request) => consumerAt(request, 1n),
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
      decode: (request) => consumerAt(request, 1n),
      endpoint: endpoints.resolveReplay,
      encode: () => ({}),
    }),
  };
  return { definition: bounded(EventStoreService), implementation, stopStreams: streams.stop };
}

/** What a page may take of a message; the rest is for the framing of its fields. */
const PAGE_BYTES = 3.5 * 1024 * 1024;

/**
 * The page, shortened to what a message can hold: the log bounds the payloads of
 * a page, and a thousand long ids and traces come to as much again.
 */
function pageToWire({ events, nextPosition }: EventPage): GetEventsResponse {
  let bytes = 0;
  let fitting = 0;
  for (const event of events) {
    bytes += sizeOf(event);
    if (bytes > PAGE_BYTES && fitting > 0) break;
    fitting++;
  }
  const shown = events.slice(0, fitting);
  const next = fitting < events.length ? shown.at(-1)?.position : nextPosition;
  return { events: shown.map(recordedToWire), nextPosition: next ?? 0n };
}

/** Nearly what an event takes in a message, in bytes. */
function sizeOf(event: RecordedEvent): number {
  const { eventId, eventType, aggregateId, aggregateType, data, metadata } = event;
  let bytes = 100;
  for (const text of [eventId, eventType, aggregateId, aggregateType, data]) {
    bytes += Buffer.byteLength(text);
  }
  for (const [key, value] of Object.entries(metadata)) bytes += key.length + value.length + 8;
  return bytes;
}
