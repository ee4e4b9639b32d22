/** The event store over the network, with the same interface. */
import { Lane, type DeadLetter as WireDeadLetter } from '../../../proto/gen/eventstore.ts';
import type { Context } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import { noMeter } from '../../kit/metrics/meter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import {
  callServerStream,
  callUnary,
  type GrpcCarrier,
  recordCarrier,
} from '../../kit/transport/grpc/grpc-server.ts';
import { heartbeatDefaults, isThere } from '../../kit/transport/grpc/heartbeat.ts';
import { type Hook, noHook } from '../../kit/transport/hooks.ts';
import { countReplaced } from '../../kit/transport/replaced-streams.ts';
import type { ParkedLetter } from '../dead-letters.ts';
import type {
  AggregateId,
  EventFilter,
  EventPage,
  EventStore,
  RecordedEvent,
  StreamRequest,
} from '../event-store.ts';
import { oneByOne } from '../one-by-one.ts';
import { aggregateReads } from './aggregate-reads.ts';
import {
  connectEventStore,
  type EventStoreConnection,
  type EventStoreConnectionOptions,
} from './event-store-connection.ts';
import { resuming } from './resuming.ts';
import {
  deadLetterToWire,
  keptCheckpointFromWire,
  newEventToWire,
  parkedLetterFromWire,
  recordedFromWire,
} from './wire.ts';

export interface GrpcEventStoreOptions extends EventStoreConnectionOptions {
  readonly hook?: Hook<GrpcCarrier>;
  /** One that others have, too, made with the same options; default: one of its own. */
  readonly connection?: EventStoreConnection;
  /** It never appends, and may not: then readiness does not ask whether appends are answered. */
  readonly readsOnly?: boolean | undefined;
}

/** How events are to come, beside which. */
type How = {
  readonly [Key in Exclude<keyof StreamRequest, keyof EventFilter>]?:
    | StreamRequest[Key]
    | undefined;
};

/** How long one read of the whole log may take, in milliseconds. */
const STREAM_TIMEOUT_MS = 10 * 60_000;

/** Connects on first use and again by itself. The creator stops it. */
export function createGrpcEventStore(options: GrpcEventStoreOptions): EventStore & Component {
  const { stream, timeoutMs, logger, hook = noHook, readsOnly = false } = options;
  const heartbeat = options.heartbeat ?? heartbeatDefaults;
  const connection = options.connection ?? connectEventStore(options);
  const { link, appends } = connection;
  const replaced = countReplaced(options.meter ?? noMeter);
  const call = (method: string) => ({ name: `eventstore.EventStore/${method}`, timeoutMs, hook });

  const request = (filter: EventFilter, limit: number, how: How = {}) => ({
    eventId: filter.eventId ?? '',
    aggregateId: filter.aggregateId ?? '',
    aggregateType: filter.aggregateType ?? '',
    stream,
    eventTypes: [...(filter.eventTypes ?? [])],
    positions: [...(filter.positions ?? [])],
    afterPosition: filter.afterPosition ?? 0n,
    afterEventId: filter.afterEventId ?? '',
    limit,
    follow: how.follow ?? false,
    gatherMs: how.gatherMs ?? 0,
    withoutMetadata: how.withoutMetadata ?? false,
  });

  async function* readBatches(
    ctx: Context,
    filter: EventFilter,
    how: How,
    withinMs: number,
  ): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
    const client = link.client();
    const answers = callServerStream(
      client.getEventsBatches.bind(client),
      request(filter, 0, how),
      ctx,
      {
        ...call('GetEventsBatches'),
        timeoutMs: withinMs,
        heartbeat: {
          ...heartbeat,
          probe: (withinMs) => isThere(client, withinMs),
          onSilent: (reason) => {
            logger.warn({ reason }, 'a read of the log fell silent');
            replaced(how.follow ? 'follow' : 'read');
            link.replace(client);
          },
        },
      },
    );
    for await (const { events } of answers) {
      if (events.length > 0) yield events.map(recordedFromWire);
    }
  }

  /** Page by page, however many events it has. */
  async function readSingly(ctx: Context, aggregate: AggregateId) {
    const events: RecordedEvent[] = [];
    for (let afterPosition: bigint | undefined = 0n; afterPosition !== undefined; ) {
      const page: EventPage = await store.read(ctx, { ...aggregate, afterPosition, limit: 1_000 });
      events.push(...page.events);
      afterPosition = page.nextPosition;
    }
    return events;
  }

  const readTogether = aggregateReads(link, { stream, timeoutMs, hook, singly: readSingly });

  const store: EventStore = {
    // In the trace each append is its own call, although many travel together: its span
    // is in its own metadata.
    append: async (ctx, { events, expectedVersion, lane = 'new work' }) => {
      const wire = recordCarrier(events[0]?.metadata ?? {}, 'eventstore.EventStore/AppendEvents');
      const sent = hook.before(ctx, wire);
      try {
        const appended = await appends.append(sent, {
          events: events.map((event, index) =>
            newEventToWire(index === 0 ? { ...event, metadata: wire.record } : event, stream),
          ),
          expectedVersion,
          lane: lane === 'answers' ? Lane.ANSWERS : Lane.NEW_WORK,
        });
        hook.after(sent, wire, { status: 0, error: undefined });
        return appended;
      } catch (error) {
        hook.after(sent, wire, { status: 'failed', error });
        throw error;
      }
    },

    readAggregate: async (ctx, aggregate) => {
      // An empty filter means all, which nobody who asks for one aggregate wants.
      if (aggregate.aggregateType === '' || aggregate.aggregateId === '') return [];
      return readTogether(ctx, aggregate);
    },

    read: async (ctx, { limit, ...filter }) => {
      const { events, nextPosition } = await callUnary(
        link.client().getEvents.bind(link.client()),
        request(filter, limit),
        ctx,
        call('GetEvents'),
      );
      return {
        events: events.map(recordedFromWire),
        nextPosition: nextPosition === 0n ? undefined : nextPosition,
      };
    },

    batches: async (ctx, { follow, gatherMs, withoutMetadata, ...filter }) => {
      const how = { follow, gatherMs, withoutMetadata };
      return follow
        ? resuming(ctx, filter, (from) => readBatches(ctx, from, how, Number.POSITIVE_INFINITY))
        : readBatches(ctx, filter, how, STREAM_TIMEOUT_MS);
    },

    stream: async (ctx, request) => oneByOne(await store.batches(ctx, request)),

    head: async (ctx) => {
      const { position } = await callUnary(
        link.client().getHead.bind(link.client()),
        { stream },
        ctx,
        call('GetHead'),
      );
      return position;
    },

    currency: async (ctx) => {
      const { code, decimals } = await callUnary(
        link.client().getCurrency.bind(link.client()),
        {},
        ctx,
        call('GetCurrency'),
      );
      return code === '' ? undefined : { code, decimals };
    },

    settleCurrency: (ctx, { code, decimals }) =>
      callUnary(
        link.client().settleCurrency.bind(link.client()),
        { code, decimals },
        ctx,
        call('SettleCurrency'),
      ),

    saveCheckpoint: async (ctx, { consumer, position, eventId, delivered, eventTypes = [] }) => {
      await callUnary(
        link.client().saveCheckpoint.bind(link.client()),
        { consumer, position, eventId, delivered, eventTypes: [...eventTypes] },
        ctx,
        call('SaveCheckpoint'),
      );
    },

    getCheckpoint: async (ctx, consumer) => {
      const { position, eventId, delivered } = await callUnary(
        link.client().getCheckpoint.bind(link.client()),
        { consumer },
        ctx,
        call('GetCheckpoint'),
      );
      return { position, eventId, delivered };
    },

    listCheckpoints: async (ctx) => {
      const { checkpoints } = await callUnary(
        link.client().listCheckpoints.bind(link.client()),
        {},
        ctx,
        call('ListCheckpoints'),
      );
      return checkpoints.map(keptCheckpointFromWire);
    },

    park: async (ctx, letter) => {
      await callUnary(
        link.client().parkDeadLetter.bind(link.client()),
        { letter: deadLetterToWire(letter) },
        ctx,
        call('ParkDeadLetter'),
      );
    },

    deadLetters: async (ctx, { limit, ...filter }) => {
      const { letters } = await callUnary(
        link.client().listDeadLetters.bind(link.client()),
        {
          consumer: filter.consumer ?? '',
          state: filter.state ?? '',
          position: filter.position ?? 0n,
          eventIds: [...(filter.eventIds ?? [])],
          afterPosition: filter.after?.position ?? 0n,
          afterConsumer: filter.after?.consumer ?? '',
          limit,
        },
        ctx,
        call('ListDeadLetters'),
      );
      return letters.map(parkedLetterFromWire);
    },

    requestReplay: async (ctx, { consumer, position }) => {
      const { letter } = await callUnary(
        link.client().requestReplay.bind(link.client()),
        { consumer, position },
        ctx,
        call('RequestReplay'),
      );
      return letterOf(letter);
    },

    takeReplays: async (ctx, { consumer, limit }) => {
      const { letters } = await callUnary(
        link.client().takeReplays.bind(link.client()),
        { consumer, limit },
        ctx,
        call('TakeReplays'),
      );
      return letters.map(parkedLetterFromWire);
    },

    resolveReplay: async (ctx, { consumer, position }) => {
      await callUnary(
        link.client().resolveReplay.bind(link.client()),
        { consumer, position },
        ctx,
        call('ResolveReplay'),
      );
    },

    closeLetter: async (ctx, { consumer, position, reason }) => {
      const { letter } = await callUnary(
        link.client().closeDeadLetter.bind(link.client()),
        { consumer, position, reason },
        ctx,
        call('CloseDeadLetter'),
      );
      return letterOf(letter);
    },
  };

  return {
    ...store,
    name: 'event store',
    start: async () => {
      await connection.start();
      if (!readsOnly) appends.start();
    },
    notReady: () => {
      const away = connection.notReady();
      const broken = away === undefined && !readsOnly ? appends.broken() : undefined;
      return broken ? `the event store at ${options.address} does not answer: ${broken}` : away;
    },
    stop: connection.stop,
  };
}

function letterOf(letter: WireDeadLetter | undefined): ParkedLetter {
  if (letter !== undefined) return parkedLetterFromWire(letter);
  throw new CodedError(
    'internal',
    'no_letter',
    'The event store answered without the dead letter.',
  );
}
