/**
 * The one place that checks requests. An invalid request is refused here with all
 * its problems at once, so the layers behind need no checks. A transport checks
 * only what can go wrong on the wire.
 */
import type { SaveCheckpointRequest } from '../../shared/eventstore/checkpoints.ts';
import type {
  CloseRequest,
  DeadLettersRequest,
  LetterId,
  TakeReplaysRequest,
} from '../../shared/eventstore/dead-letters.ts';
import type {
  AggregateId,
  EventFilter,
  ReadRequest,
  ServedEventStore,
  StreamRequest,
} from '../../shared/eventstore/event-store.ts';
import { checked } from '../../shared/kit/checked.ts';
import type { DeadLetter } from '../../shared/kit/delivery.ts';
import { checkAppend, type EventLimits } from './log/event-rules.ts';
import {
  checkRequest,
  closeReasonProblem,
  consumerProblem,
  currencyProblems,
  deliveriesProblem,
  type Found,
  gatherProblem,
  idProblem,
  idsProblems,
  limitProblem,
  MAX_AGGREGATES,
  MAX_PAGE,
  positionProblem,
  positionsProblems,
  typesProblem,
} from './request-rules.ts';

const MAX_EVENT_TYPES = 100;

export const filterProblems = (filter: EventFilter): Found[] => [
  idProblem('event_id', filter.eventId ?? ''),
  idProblem('aggregate_id', filter.aggregateId ?? ''),
  idProblem('aggregate_type', filter.aggregateType ?? ''),
  idProblem('after_event_id', filter.afterEventId ?? ''),
  ...idsProblems('event_types', filter.eventTypes ?? [], MAX_EVENT_TYPES),
  ...positionsProblems('positions', filter.positions ?? []),
  positionProblem('after_position', filter.afterPosition ?? 0n, 0n),
];

export const readProblems = (request: ReadRequest): Found[] => [
  ...filterProblems(request),
  limitProblem(request.limit),
];

export const streamProblems = ({ gatherMs = 0, ...filter }: StreamRequest): Found[] => [
  ...filterProblems(filter),
  gatherProblem(gatherMs),
];

/** Too many are refused without checking each. */
export const aggregatesProblems = (aggregates: readonly AggregateId[]): Found[] =>
  aggregates.length > MAX_AGGREGATES
    ? [{ field: 'aggregates', message: `are ${aggregates.length}, at most ${MAX_AGGREGATES}` }]
    : aggregates.flatMap(({ aggregateType, aggregateId }, index) => [
        idProblem(`aggregates[${index}].aggregate_type`, aggregateType),
        idProblem(`aggregates[${index}].aggregate_id`, aggregateId),
      ]);

const checkpointProblems = (request: SaveCheckpointRequest): Found[] => [
  consumerProblem(request.consumer),
  positionProblem('position', request.position, 0n),
  idProblem('event_id', request.eventId),
  positionProblem('delivered', request.delivered, 0n),
  typesProblem(request.eventTypes ?? []),
];

const parkProblems = ({ consumer, position, deliveries }: DeadLetter): Found[] => [
  consumerProblem(consumer, 'letter.consumer'),
  positionProblem('letter.position', position, 1n),
  deliveriesProblem(deliveries, 'letter.deliveries'),
];

export const lettersProblems = ({ consumer, after, ...request }: DeadLettersRequest): Found[] => [
  consumer === undefined ? undefined : consumerProblem(consumer),
  positionProblem('position', request.position ?? 0n, 0n),
  positionProblem('after_position', after?.position ?? 0n, 0n),
  // An empty consumer name sorts before all others.
  after === undefined || after.consumer === ''
    ? undefined
    : consumerProblem(after.consumer, 'after_consumer'),
  ...idsProblems('event_ids', request.eventIds ?? [], MAX_PAGE),
  limitProblem(request.limit),
];

const letterProblems = ({ consumer, position }: LetterId): Found[] => [
  consumerProblem(consumer),
  positionProblem('position', position, 1n),
];

const takeProblems = ({ consumer, limit }: TakeReplaysRequest): Found[] => [
  consumerProblem(consumer),
  limitProblem(limit),
];

const closeProblems = (request: CloseRequest): Found[] => [
  ...letterProblems(request),
  closeReasonProblem(request.reason),
];

/** An event store that rejects invalid requests with `invalid` and passes the rest on. */
export function checkingService(next: ServedEventStore, limits: EventLimits): ServedEventStore {
  return checked(next, {
    append: (request) => checkAppend(request, limits),
    read: refusing(readProblems),
    readAggregates: refusing(aggregatesProblems),
    batches: refusing(streamProblems),
    stream: refusing(streamProblems),
    settleCurrency: refusing(currencyProblems),
    saveCheckpoint: refusing(checkpointProblems),
    getCheckpoint: refusing((consumer) => [consumerProblem(consumer)]),
    park: refusing(parkProblems),
    deadLetters: refusing(lettersProblems),
    requestReplay: refusing(letterProblems),
    takeReplays: refusing(takeProblems),
    resolveReplay: refusing(letterProblems),
    closeLetter: refusing(closeProblems),
  });
}

const refusing =
  <Request>(problemsOf: (request: Request) => readonly Found[]) =>
  (request: Request): void =>
    checkRequest(...problemsOf(request));
