/** The endpoints as the service of proto/eventstore.proto: decode, call one endpoint, encode. */
import {
  type Event,
  type EventStoreServer,
  EventStoreService,
  type GetEventsRequest,
  type ListDeadLettersRequest,
  Lane as WireLane,
} from '../../proto/gen/eventstore.ts';
import type {
  EventFilter,
  Lane,
  LetterFilter,
  NewEvent,
} from '../../shared/eventstore/event-store.ts';
import {
  deadLetterFromWire,
  deadLetterToWire,
  letterStateFromWire,
  newEventFromWire,
  recordedToWire,
} from '../../shared/eventstore/wire.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import {
  type GrpcCarrier,
  type GrpcService,
  serverStream,
  unary,
} from '../../shared/kit/transport/grpc.ts';
import type { Hook } from '../../shared/kit/transport/hooks.ts';
import { createAppendStreams } from './append-stream.ts';
import type { Endpoints, StreamRequest } from './endpoints.ts';

/** As the contract says where a request leaves its limit open. */
const DEFAULT_LIMIT = 100;

/**
 * @param stream the stream that is served; an event or a request for another one is refused
 *
 * `stopStreams` is to be called before the server stops.
 */
export function createGrpcService(
  endpoints: Endpoints,
  stream: string,
  hook: Hook<GrpcCarrier>,
): GrpcService & { stopStreams(): void } {
  const named = (method: string) => ({ name: `eventstore.EventStore/${method}`, hook });
  const streams = createAppendStreams({
    ...named('AppendEvents'),
    decode: ({ events, expectedVersion, lane }) => ({
      events: events.map((event) => eventFromWire(event, stream)),
      expectedVersion,
      lane: laneFromWire(lane),
    }),
    endpoint: endpoints.append,
  });

  const implementation: EventStoreServer = {
    createEvent: unary({
      ...named('CreateEvent'),
      decode: ({ event, expectedVersion, lane }) => ({
        events: event === undefined ? [] : [eventFromWire(event, stream)],
        expectedVersion,
        lane: laneFromWire(lane),
      }),
      endpoint: endpoints.append,
      encode: (appended) => ({ isSuccess: true, error: '', ...appended }),
    }),

    appendEvents: streams.handler,

    getEvents: unary({
      ...named('GetEvents'),
      decode: (request) => ({
        filter: filterFromWire(request, stream),
        limit: request.limit === 0 ? DEFAULT_LIMIT : request.limit,
      }),
      endpoint: endpoints.read,
      encode: ({ events, nextPosition }) => ({
        events: events.map(recordedToWire),
        nextPosition: nextPosition ?? 0n,
      }),
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
      endpoint: endpoints.batches,
      encode: (events) => ({
        events: events.map(recordedToWire),
        nextPosition: events.at(-1)?.position ?? 0n,
      }),
    }),

    getHead: unary({
      ...named('GetHead'),
      decode: (request) => checkStream('stream', request.stream, stream),
      endpoint: endpoints.head,
      encode: (position) => ({ position }),
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
      encode: (position) => ({ position }),
    }),

    parkDeadLetter: unary({
      ...named('ParkDeadLetter'),
      decode: ({ letter }) => {
        if (letter === undefined) throw invalid('letter', 'is missing');
        return deadLetterFromWire(letter);
      },
      endpoint: endpoints.park,
      encode: () => ({}),
    }),

    listDeadLetters: unary({
      ...named('ListDeadLetters'),
      decode: (request) => ({
        filter: letterFilterFromWire(request),
        limit: request.limit === 0 ? DEFAULT_LIMIT : request.limit,
      }),
      endpoint: endpoints.deadLetters,
      encode: (letters) => ({ letters: letters.map(deadLetterToWire) }),
    }),

    requestReplay: unary({
      ...named('RequestReplay'),
      decode: (request) => request,
      endpoint: endpoints.requestReplay,
      encode: (letter) => ({ letter: deadLetterToWire(letter) }),
    }),

    takeReplays: unary({
      ...named('TakeReplays'),
      decode: ({ consumer, limit }) => ({ consumer, limit: limit === 0 ? DEFAULT_LIMIT : limit }),
      endpoint: endpoints.takeReplays,
      encode: (letters) => ({ letters: letters.map(deadLetterToWire) }),
    }),

    resolveReplay: unary({
      ...named('ResolveReplay'),
      decode: (request) => request,
      endpoint: endpoints.resolveReplay,
      encode: () => ({}),
    }),
  };
  return { definition: EventStoreService, implementation, stopStreams: streams.stop };
}

function eventFromWire(event: Event, stream: string): NewEvent {
  if (event.stream !== stream) {
    throw invalid(
      'event.stream',
      `is "${event.stream.slice(0, 40)}", and this is the store of ${stream}`,
    );
  }
  return newEventFromWire(event);
}

function filterFromWire(request: GetEventsRequest, stream: string): EventFilter {
  checkStream('stream', request.stream, stream);
  for (const [field, value] of [
    ['event_id', request.eventId],
    ['aggregate_id', request.aggregateId],
    ['aggregate_type', request.aggregateType],
    ['event_types', request.eventTypes.join()],
  ] as const) {
    if (value.includes('\0')) throw invalid(field, 'holds a NUL character');
  }
  // A filter that is empty means all, as it did in the sample.
  return {
    ...(request.eventId !== '' && { eventId: request.eventId }),
    ...(request.aggregateId !== '' && { aggregateId: request.aggregateId }),
    ...(request.aggregateType !== '' && { aggregateType: request.aggregateType }),
    ...(request.eventTypes.length > 0 && { eventTypes: request.eventTypes }),
    afterPosition: request.afterPosition,
  };
}

function streamFromWire(request: GetEventsRequest, stream: string): StreamRequest {
  return { filter: filterFromWire(request, stream), follow: request.follow };
}

/** A lane that is not known yet is refused: its sender counts on something. */
function laneFromWire(lane: WireLane): Lane {
  const known = { [WireLane.NEW_WORK]: 'new work', [WireLane.ANSWERS]: 'answers' } as const;
  if (lane === WireLane.NEW_WORK || lane === WireLane.ANSWERS) return known[lane];
  throw invalid('lane', `is ${lane}, and must be 0 (new work) or 1 (answers)`);
}

function letterFilterFromWire(request: ListDeadLettersRequest): LetterFilter {
  const state = letterStateFromWire(request.state);
  if (state === undefined && request.state !== '') {
    throw invalid('state', 'must be parked, requested or resolved');
  }
  return {
    ...(request.consumer !== '' && { consumer: request.consumer }),
    ...(state !== undefined && { state }),
    ...(request.position !== 0n && { position: request.position }),
    ...(request.eventIds.length > 0 && { eventIds: request.eventIds }),
  };
}

function checkStream(field: string, asked: string, served: string): void {
  if (asked !== '' && asked !== served) {
    throw invalid(field, `is "${asked.slice(0, 40)}", and this is the store of ${served}`);
  }
}

function invalid(field: string, message: string): CodedError {
  return new CodedError(
    'invalid',
    'invalid_request',
    `The request is not valid: ${field} ${message}.`,
    {
      problems: [{ field, message }],
    },
  );
}
