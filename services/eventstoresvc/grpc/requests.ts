/** Decodes gRPC requests. checking.ts checks them, behind the endpoints. */
import {
  type Append,
  type DiscardLostEventsRequest,
  type Event,
  type GetAggregatesRequest,
  type GetEventsRequest,
  type GiveUpEventsRequest,
  type ListDeadLettersRequest,
  type ParkDeadLetterRequest,
  Lane as WireLane,
} from '../../../proto/gen/eventstore.ts';
import type {
  DeadLettersRequest,
  TakeReplaysRequest,
} from '../../../shared/eventstore/dead-letters.ts';
import type {
  AggregateId,
  AppendRequest,
  EventFilter,
  Lane,
  ReadRequest,
  StreamRequest,
} from '../../../shared/eventstore/event-store.ts';
import {
  deadLetterFromWire,
  letterStateFromWire,
  newEventFromWire,
} from '../../../shared/eventstore/grpc/wire.ts';
import type { DiscardRequest, GiveUp } from '../../../shared/eventstore/log-recovery.ts';
import type { DeadLetter } from '../../../shared/kit/delivery.ts';
import type { Problem } from '../../../shared/kit/errors.ts';
import { aggregatesProblems, lettersProblems, readProblems, streamProblems } from '../checking.ts';
import { appendProblems, type EventLimits, eventAt, invalidEvent } from '../log/event-rules.ts';
import {
  checkRequest,
  type Found,
  invalidRequest,
  otherStream,
  positionProblem,
  streamProblem,
} from '../request-rules.ts';

/** The contract's default for a request without a limit. */
const DEFAULT_LIMIT = 100;

/** Decodes an append. A wrong stream is reported together with its other problems. */
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
  // Too many events are refused without checking each.
  const looked = rest.some(({ field }) => field === 'events') ? [] : events;
  const unknown = { field: 'lane', message: `is ${asked}, but must be 0 or 1` };
  throw invalidEvent([
    ...wrongStreams(looked, limits.stream),
    ...(lane === undefined ? [unknown] : []),
    ...rest,
  ]);
}

/** Undefined for an unknown lane: the append is refused, because its sender expects that lane's treatment. */
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

/** `request`, or a refusal that reports its wire-level problems together with the others. */
function unless<Request>(
  wrong: readonly Found[],
  request: Request,
  problemsOf: (request: Request) => readonly Found[],
): Request {
  if (wrong.some((one) => one !== undefined)) checkRequest(...wrong, ...problemsOf(request));
  return request;
}

const limitOf = (limit: number): number => (limit === 0 ? DEFAULT_LIMIT : limit);

export function readFromWire(request: GetEventsRequest, stream: string): ReadRequest {
  const read = { ...filterFromWire(request), limit: limitOf(request.limit) };
  return unless([streamProblem(request.stream, stream)], read, readProblems);
}

export function aggregatesFromWire(
  request: GetAggregatesRequest,
  stream: string,
): readonly AggregateId[] {
  const { aggregates } = request;
  return unless([streamProblem(request.stream, stream)], aggregates, aggregatesProblems);
}

/** Ignores the request's limit, as the contract says. */
export function streamFromWire(request: GetEventsRequest, stream: string): StreamRequest {
  const read = {
    ...filterFromWire(request),
    follow: request.follow,
    ...(request.gatherMs !== 0 && { gatherMs: request.gatherMs }),
    ...(request.withoutMetadata && { withoutMetadata: true }),
  };
  return unless([streamProblem(request.stream, stream)], read, streamProblems);
}

/** An empty filter means all events, as in the original sample. */
function filterFromWire(request: GetEventsRequest): EventFilter {
  return {
    ...(request.eventId !== '' && { eventId: request.eventId }),
    ...(request.aggregateId !== '' && { aggregateId: request.aggregateId }),
    ...(request.aggregateType !== '' && { aggregateType: request.aggregateType }),
    ...(request.eventTypes.length > 0 && { eventTypes: request.eventTypes }),
    ...(request.positions.length > 0 && { positions: request.positions }),
    afterPosition: request.afterPosition,
    ...(request.afterEventId !== '' && { afterEventId: request.afterEventId }),
  };
}

export function headFromWire({ stream: asked }: { readonly stream: string }, stream: string): void {
  checkRequest(streamProblem(asked, stream));
}

export function letterFromWire({ letter }: ParkDeadLetterRequest): DeadLetter {
  if (letter === undefined) throw invalidRequest([{ field: 'letter', message: 'is missing' }]);
  return deadLetterFromWire(letter);
}

export function lettersFromWire(request: ListDeadLettersRequest): DeadLettersRequest {
  const state = letterStateFromWire(request.state);
  const unknown =
    state === undefined && request.state !== ''
      ? { field: 'state', message: 'must be parked, requested, resolved or closed' }
      : undefined;
  const letters = {
    ...(request.consumer !== '' && { consumer: request.consumer }),
    ...(state !== undefined && { state }),
    ...(request.position !== 0n && { position: request.position }),
    ...(request.eventIds.length > 0 && { eventIds: request.eventIds }),
    ...(request.afterPosition !== 0n && {
      after: { position: request.afterPosition, consumer: request.afterConsumer },
    }),
    limit: limitOf(request.limit),
  };
  return unless([unknown], letters, lettersProblems);
}

export const takeFromWire = ({ consumer, limit }: TakeReplaysRequest): TakeReplaysRequest => ({
  consumer,
  limit: limitOf(limit),
});

/** Most events that one request may give up. */
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
  checkRequest(
    positionProblem('agreed', request.agreed, 0n),
    positionProblem('stream_last', request.streamLast, 0n),
    positionProblem('resume_after', request.resumeAfter, 0n),
  );
  return request;
}
