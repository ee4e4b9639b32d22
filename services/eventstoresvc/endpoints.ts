/** What the event store can do, each as an endpoint with its middlewares around it. */
import type { Currency } from '../../shared/domain/currency.ts';
import type {
  Appended,
  Checkpoint,
  EventFilter,
  EventPage,
  EventStore,
  KeptCheckpoint,
  Lane,
  LetterFilter,
  NewEvent,
  ParkedLetter,
  RecordedEvent,
} from '../../shared/eventstore/event-store.ts';
import type { DeadLetter } from '../../shared/kit/delivery.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import { type Exhausted, type ExhaustedOutcome, parkExhausted } from './consumers/exhausted.ts';

export interface AppendRequest {
  readonly events: readonly NewEvent[];
  readonly expectedVersion: bigint | undefined;
  readonly lane: Lane;
}

export interface ReadRequest {
  readonly filter: EventFilter;
  readonly limit: number;
}

export interface CheckpointRequest {
  readonly consumer: string;
  readonly checkpoint: Checkpoint;
}

export interface DeadLettersRequest {
  readonly filter: LetterFilter;
  readonly limit: number;
}

export interface StreamRequest {
  readonly filter: EventFilter;
  readonly follow: boolean;
}

/** What names one dead letter. */
export interface LetterId {
  readonly consumer: string;
  readonly position: bigint;
}

export interface CloseRequest extends LetterId {
  readonly reason: string;
}

export interface TakeReplaysRequest {
  readonly consumer: string;
  readonly limit: number;
}

export interface Endpoints {
  readonly append: Endpoint<AppendRequest, Appended>;
  readonly read: Endpoint<ReadRequest, EventPage>;
  readonly stream: Endpoint<StreamRequest, AsyncIterable<RecordedEvent>>;
  readonly batches: Endpoint<StreamRequest, AsyncIterable<readonly RecordedEvent[]>>;
  readonly head: Endpoint<void, bigint>;
  readonly currency: Endpoint<void, Currency | undefined>;
  readonly settleCurrency: Endpoint<Currency, Currency>;
  readonly saveCheckpoint: Endpoint<CheckpointRequest, void>;
  readonly getCheckpoint: Endpoint<string, Checkpoint>;
  readonly listCheckpoints: Endpoint<void, readonly KeptCheckpoint[]>;
  readonly park: Endpoint<DeadLetter, void>;
  readonly deadLetters: Endpoint<DeadLettersRequest, readonly ParkedLetter[]>;
  readonly requestReplay: Endpoint<LetterId, ParkedLetter>;
  readonly takeReplays: Endpoint<TakeReplaysRequest, readonly ParkedLetter[]>;
  readonly resolveReplay: Endpoint<LetterId, void>;
  readonly closeLetter: Endpoint<CloseRequest, ParkedLetter>;
  readonly parkExhausted: Endpoint<Exhausted, ExhaustedOutcome>;
}

/** @param wrap the middlewares for an endpoint of that name, outermost first */
export function createEndpoints(
  service: EventStore,
  wrap: (name: string) => Middleware,
): Endpoints {
  return {
    append: wrap('append')((ctx, { events, expectedVersion, lane }) =>
      service.append(ctx, events, expectedVersion, lane),
    ),
    read: wrap('read')((ctx, { filter, limit }) => service.read(ctx, filter, limit)),
    stream: wrap('stream')(async (ctx, { filter, follow }) =>
      service.stream(ctx, filter, { follow }),
    ),
    batches: wrap('batches')(async (ctx, { filter, follow }) =>
      service.batches(ctx, filter, { follow }),
    ),
    head: wrap('head')((ctx) => service.head(ctx)),
    currency: wrap('currency')((ctx) => service.currency(ctx)),
    settleCurrency: wrap('settle currency')((ctx, configured) =>
      service.settleCurrency(ctx, configured),
    ),
    saveCheckpoint: wrap('save checkpoint')((ctx, { consumer, checkpoint }) =>
      service.saveCheckpoint(ctx, consumer, checkpoint),
    ),
    getCheckpoint: wrap('get checkpoint')((ctx, consumer) => service.getCheckpoint(ctx, consumer)),
    listCheckpoints: wrap('list checkpoints')((ctx) => service.listCheckpoints(ctx)),
    park: wrap('park')((ctx, letter) => service.park(ctx, letter)),
    deadLetters: wrap('dead letters')((ctx, { filter, limit }) =>
      service.deadLetters(ctx, filter, limit),
    ),
    requestReplay: wrap('request replay')((ctx, { consumer, position }) =>
      service.requestReplay(ctx, consumer, position),
    ),
    takeReplays: wrap('take replays')((ctx, { consumer, limit }) =>
      service.takeReplays(ctx, consumer, limit),
    ),
    resolveReplay: wrap('resolve replay')((ctx, { consumer, position }) =>
      service.resolveReplay(ctx, consumer, position),
    ),
    closeLetter: wrap('close letter')((ctx, { consumer, position, reason }) =>
      service.closeLetter(ctx, consumer, position, reason),
    ),
    parkExhausted: wrap('park exhausted')((ctx, message) => parkExhausted(ctx, service, message)),
  };
}
