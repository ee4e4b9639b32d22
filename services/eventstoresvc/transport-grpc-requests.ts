/** Requests as they came over gRPC, checked: every problem of one is told at once. */
import {
  type Append,
  type Event,
  type GetEventsRequest,
  type ListDeadLettersRequest,
  type ParkDeadLetterRequest,
  Lane as WireLane,
} from '../../proto/gen/eventstore.ts';
import type { DeadLetter, Lane } from '../../shared/eventstore/event-store.ts';
import {
  deadLetterFromWire,
  letterStateFromWire,
  newEventFromWire,
} from '../../shared/eventstore/wire.ts';
import { CodedError, type Problem } from '../../shared/kit/errors.ts';
import type {
  AppendRequest,
  DeadLettersRequest,
  LetterId,
  ReadRequest,
  StreamRequest,
  TakeReplaysRequest,
} from './endpoints.ts';
import { appendProblems, type EventLimits, eventAt, invalidEvent } from './event-rules.ts';
import { MAX_PAGE } from './service.ts';

/** As the contract says where a request leaves its limit open. */
const DEFAULT_LIMIT = 100;
/** Letters with the longest texts that fit into one message; who asks for more asks again. */
const MAX_TAKEN = 900;
/** As long as ids may be that are appended; event types are shorter. */
const MAX_ID = 200;
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
  const problems = new Problems();
  problems.stream(request.stream, stream);
  for (const [field, id] of [
    ['event_id', request.eventId],
    ['aggregate_id', request.aggregateId],
    ['aggregate_type', request.aggregateType],
  ] as const) {
    problems.id(field, id);
  }
  if (request.eventTypes.length > MAX_EVENT_TYPES) {
    problems.add('event_types', `are ${request.eventTypes.length}, at most ${MAX_EVENT_TYPES}`);
  } else {
    for (const [index, type] of request.eventTypes.entries())
      problems.id(`event_types[${index}]`, type);
  }
  problems.position('after_position', request.afterPosition, 0n);
  problems.limit(limit);
  problems.refuse();
  // A filter that is empty means all, as it did in the sample.
  return {
    filter: {
      ...(request.eventId !== '' && { eventId: request.eventId }),
      ...(request.aggregateId !== '' && { aggregateId: request.aggregateId }),
      ...(request.aggregateType !== '' && { aggregateType: request.aggregateType }),
      ...(request.eventTypes.length > 0 && { eventTypes: request.eventTypes }),
      afterPosition: request.afterPosition,
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
  const problems = new Problems();
  problems.stream(asked, stream);
  problems.refuse();
}

/** @param first the lowest position that makes sense: 0 before the first event, 1 for an event */
export function consumerAt<Request extends LetterId>(request: Request, first: bigint): LetterId {
  const problems = new Problems();
  problems.consumer(request.consumer);
  problems.position('position', request.position, first);
  problems.refuse();
  return { consumer: request.consumer, position: request.position };
}

export function consumerFromWire({ consumer }: { readonly consumer: string }): string {
  const problems = new Problems();
  problems.consumer(consumer);
  problems.refuse();
  return consumer;
}

export function letterFromWire({ letter }: ParkDeadLetterRequest): DeadLetter {
  const problems = new Problems();
  if (letter === undefined) problems.add('letter', 'is missing');
  else {
    problems.consumer(letter.consumer, 'letter.consumer');
    problems.position('letter.position', letter.position, 1n);
    if (letter.deliveries < 0) {
      problems.add('letter.deliveries', `is ${letter.deliveries}, and must not be negative`);
    }
    problems.refuse();
    return deadLetterFromWire(letter);
  }
  throw problems.refusal();
}

export function lettersFromWire(request: ListDeadLettersRequest): DeadLettersRequest {
  const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit;
  const state = letterStateFromWire(request.state);
  const problems = new Problems();
  if (request.consumer !== '') problems.consumer(request.consumer);
  if (state === undefined && request.state !== '') {
    problems.add('state', 'must be parked, requested or resolved');
  }
  problems.position('position', request.position, 0n);
  if (request.eventIds.length > MAX_PAGE) {
    problems.add('event_ids', `are ${request.eventIds.length}, at most ${MAX_PAGE}`);
  } else {
    for (const [index, id] of request.eventIds.entries()) problems.id(`event_ids[${index}]`, id);
  }
  problems.limit(limit);
  problems.refuse();
  return {
    filter: {
      ...(request.consumer !== '' && { consumer: request.consumer }),
      ...(state !== undefined && { state }),
      ...(request.position !== 0n && { position: request.position }),
      ...(request.eventIds.length > 0 && { eventIds: request.eventIds }),
    },
    limit,
  };
}

export function takeFromWire(request: TakeReplaysRequest): TakeReplaysRequest {
  const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit;
  const problems = new Problems();
  problems.consumer(request.consumer);
  problems.limit(limit);
  problems.refuse();
  return { consumer: request.consumer, limit: Math.min(limit, MAX_TAKEN) };
}

/** Gathers what is wrong with one request. */
class Problems {
  readonly #found: Problem[] = [];

  add(field: string, message: string): void {
    this.#found.push({ field, message });
  }

  stream(asked: string, served: string): void {
    if (asked !== '' && asked !== served) this.add('stream', otherStream(asked, served));
  }

  /** What no id can be finds nothing, and a NUL cannot even be asked for. */
  id(field: string, value: string): void {
    if (value.length > MAX_ID) {
      this.add(field, `is ${value.length} characters long, and no id is longer than ${MAX_ID}`);
    } else if (/\p{Cc}/u.test(value)) this.add(field, 'holds a control character');
  }

  consumer(value: string, field = 'consumer'): void {
    if (!/^[\w.-]{1,128}$/.test(value)) {
      this.add(field, 'must be 1 to 128 letters, digits, dots, dashes or underscores');
    }
  }

  position(field: string, value: bigint, first: bigint): void {
    if (value < first) this.add(field, `is ${value}, and must be ${first} or more`);
  }

  limit(value: number): void {
    if (value < 1 || value > MAX_PAGE) {
      this.add('limit', `is ${value}, and must be from 1 to ${MAX_PAGE}`);
    }
  }

  refuse(): void {
    if (this.#found.length > 0) throw this.refusal();
  }

  refusal(): CodedError {
    const all = this.#found.map(({ field, message }) => `${field} ${message}`).join('; ');
    return new CodedError('invalid', 'invalid_request', `The request is not valid: ${all}.`, {
      problems: this.#found,
    });
  }
}

const otherStream = (asked: string, served: string): string =>
  `is "${asked.slice(0, 40)}", and this is the store of ${served}`;
