/** Requests as they came over gRPC, checked: every problem of one is told at once. */

import {
  type Append,
  type CloseDeadLetterRequest,
  type DiscardLostEventsRequest,
  type Event,
  type GetEventsRequest,
  type GiveUpEventsRequest,
  type ListDeadLettersRequest,
  type ParkDeadLetterRequest,
  type SaveCheckpointRequest,
  type SettleCurrencyRequest,
  Lane as WireLane,
} from '../../../proto/gen/eventstore.ts';
import type { Currency } from '../../../shared/domain/currency.ts';
import type { Lane } from '../../../shared/eventstore/event-store.ts';
import {
  deadLetterFromWire,
  letterStateFromWire,
  newEventFromWire,
} from '../../../shared/eventstore/grpc/wire.ts';
import type { GiveUp } from '../../../shared/eventstore/log-recovery.ts';
import type { DeadLetter } from '../../../shared/kit/delivery.ts';
import type { Problem } from '../../../shared/kit/errors.ts';
import type {
  AppendRequest,
  CheckpointRequest,
  CloseRequest,
  DeadLettersRequest,
  LetterId,
  ReadRequest,
  StreamRequest,
  TakeReplaysRequest,
} from '../endpoints.ts';
import { appendProblems, type EventLimits, eventAt, invalidEvent } from '../log/event-rules.ts';
import type { DiscardRequest } from '../recovery/recovery-endpoints.ts';
import {
  checkRequest,
  closeReasonProblem,
  consumerProblem,
  currencyProblems,
  deliveriesProblem,
  idProblem,
  idsProblems,
  invalidRequest,
  limitProblem,
  MAX_PAGE,
  otherStream,
  positionProblem,
  positionsProblems,
  streamProblem,
} from '../request-rules.ts';

/** As the contract says where a request leaves its limit open. */
const DEFAULT_LIMIT = 100;
const MAX_EVENT_TYPES = 100;

/** An append; a wrong stream is told together with all else that is wrong with it. */
export function appendFromWire(
  { events, expectedVersion, lane: asked }: Omit<Append, 'number'>,
  limits: EventLimits,
): AppendRequest {
  const append = { events: events.map(newEventFromWire), expectedVersion };
  const lane = laneFromWire(asked);
  if (lane !== undefined && events.every(({ stream }) => stream === limits.stream)) {
    return { ...append, lane };
  }
  const rest = appendProblems(append, limits);
  // Too many events are told without looking at them.
  const looked = rest.some(({ field }) => field === 'events') ? [] : events;
  const unknown = { field: 'lane', message: `is ${asked}, and must be 0 or 1` };
  throw invalidEvent([
    ...wrongStreams(looked, limits.stream),
    ...(lane === undefined ? [unknown] : []),
    ...rest,
  ]);
}

/** Undefined for a lane that is not known: it is refused, for its sender counts on something. */
function laneFromWire(lane: WireLane): Lane | undefined {
  if (lane === WireLane.ANSWERS) return 'answers';
  return lane === WireLane.NEW_WORK ? 'new work' : undefined;
}

function wrongStreams(events: readonly Event[], served: string): Problem[] {
  return events.flatMap(({ stream }, index) =>
    stream === served
      ? []
      : [{ field: `${eventAt(index, events.length)}stream`, message: otherStream(stream, served) }],
  );
}

export function readFromWire(request: GetEventsRequest, stream: string): ReadRequest {
  const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit;
  checkRequest(
    streamProblem(request.stream, stream),
    idProblem('event_id', request.eventId),
    idProblem('aggregate_id', request.aggregateId),
    idProblem('aggregate_type', request.aggregateType),
    idProblem('after_event_id', request.afterEventId),
    ...idsProblems('event_types', request.eventTypes, MAX_EVENT_TYPES),
    ...positionsProblems('positions', request.positions),
    positionProblem('after_position', request.afterPosition, 0n),
    limitProblem(limit),
  );
  // A filter that is empty means all, as it did in the sample.
  return {
    filter: {
      ...(request.eventId !== '' && { eventId: request.eventId }),
      ...(request.aggregateId !== '' && { aggregateId: request.aggregateId }),
      ...(request.aggregateType !== '' && { aggregateType: request.aggregateType }),
      ...(request.eventTypes.length > 0 && { eventTypes: request.eventTypes }),
      ...(request.positions.length > 0 && { positions: request.positions }),
      afterPosition: request.afterPosition,
      ...(request.afterEventId !== '' && { afterEventId: request.afterEventId }),
    },
    limit,
  };
}

/** Its limit is ignored, as the contract says. */
export function streamFromWire(request: GetEventsRequest, stream: string): StreamRequest {
  const { filter } = readFromWire({ ...request, limit: 0 }, stream);
  return { filter, follow: request.follow };
}

export function headFromWire({ stream: asked }: { readonly stream: string }, stream: string): void {
  checkRequest(streamProblem(asked, stream));
}

/** @param first as in `positionProblem` */
export function consumerAt<Request extends LetterId>(request: Request, first: bigint): LetterId {
  const { consumer, position } = request;
  checkRequest(consumerProblem(consumer), positionProblem('position', position, first));
  return { consumer, position };
}

export function checkpointFromWire(request: SaveCheckpointRequest): CheckpointRequest {
  const { consumer, position, eventId, delivered } = request;
  checkRequest(
    consumerProblem(consumer),
    positionProblem('position', position, 0n),
    idProblem('event_id', eventId),
    positionProblem('delivered', delivered, 0n),
  );
  return { consumer, checkpoint: { position, eventId, delivered } };
}

export function consumerFromWire({ consumer }: { readonly consumer: string }): string {
  checkRequest(consumerProblem(consumer));
  return consumer;
}

export function currencyFromWire({ code, decimals }: SettleCurrencyRequest): Currency {
  checkRequest(...currencyProblems({ code, decimals }));
  return { code, decimals };
}

export function letterFromWire({ letter }: ParkDeadLetterRequest): DeadLetter {
  if (letter === undefined) throw invalidRequest([{ field: 'letter', message: 'is missing' }]);
  checkRequest(
    consumerProblem(letter.consumer, 'letter.consumer'),
    positionProblem('letter.position', letter.position, 1n),
    deliveriesProblem(letter.deliveries, 'letter.deliveries'),
  );
  return deadLetterFromWire(letter);
}

export function lettersFromWire(request: ListDeadLettersRequest): DeadLettersRequest {
  const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit;
  const state = letterStateFromWire(request.state);
  checkRequest(
    request.consumer === '' ? undefined : consumerProblem(request.consumer),
    state === undefined && request.state !== ''
      ? { field: 'state', message: 'must be parked, requested, resolved or closed' }
      : undefined,
    positionProblem('position', request.position, 0n),
    positionProblem('after_position', request.afterPosition, 0n),
    request.afterConsumer === ''
      ? undefined
      : consumerProblem(request.afterConsumer, 'after_consumer'),
    ...idsProblems('event_ids', request.eventIds, MAX_PAGE),
    limitProblem(limit),
  );
  return {
    filter: {
      ...(request.consumer !== '' && { consumer: request.consumer }),
      ...(state !== undefined && { state }),
      ...(request.position !== 0n && { position: request.position }),
      ...(request.eventIds.length > 0 && { eventIds: request.eventIds }),
      ...(request.afterPosition !== 0n && {
        after: { position: request.afterPosition, consumer: request.afterConsumer },
      }),
    },
    limit,
  };
}

export function closeFromWire(request: CloseDeadLetterRequest): CloseRequest {
  const { reason } = request;
  checkRequest(closeReasonProblem(reason));
  return { ...consumerAt(request, 1n), reason };
}

export function takeFromWire({ consumer, limit }: TakeReplaysRequest): TakeReplaysRequest {
  const most = limit === 0 ? DEFAULT_LIMIT : limit;
  checkRequest(consumerProblem(consumer), limitProblem(most));
  return { consumer, limit: most };
}

/** Events that one request gives up, at most. */
const MAX_GIVEN_UP = 100;

export function giveUpFromWire(request: GiveUpEventsRequest, stream: string): GiveUp {
  const { agreed, streamLast, events } = request;
  const tooMany = { field: 'events', message: `are ${events.length}, at most ${MAX_GIVEN_UP}` };
  checkRequest(
    positionProblem('agreed', agreed, 0n),
    positionProblem('stream_last', streamLast, 0n),
    events.length > MAX_GIVEN_UP ? tooMany : undefined,
    ...events.slice(0, MAX_GIVEN_UP).map((event, index) => {
      const problem = streamProblem(event.stream, stream);
      return problem && { ...problem, field: `events[${index}].stream` };
    }),
  );
  return { agreed, streamLast, events: events.map(newEventFromWire) };
}

export function discardFromWire(request: DiscardLostEventsRequest): DiscardRequest {
  const { agreed, streamLast, resumeAfter } = request;
  checkRequest(
    positionProblem('agreed', agreed, 0n),
    positionProblem('stream_last', streamLast, 0n),
    positionProblem('resume_after', resumeAfter, 0n),
  );
  return { looked: { agreed, streamLast }, resumeAfter };
}
