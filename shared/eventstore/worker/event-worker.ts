import { background } from '../../kit/context.ts';
import type { Logger } from '../../kit/logger.ts';
import type { Meter } from '../../kit/metrics/meter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type { Hook } from '../../kit/transport/hooks.ts';
import {
  type JetstreamConsumerOptions,
  jetstreamConsumer,
} from '../../kit/transport/jetstream/jetstream-consumer.ts';
import type { IncomingMessage } from '../../kit/transport/jetstream/messages/jetstream-wire.ts';
import type { EventStore, RecordedEvent } from '../event-store.ts';
import { asStored, decodeStored, isSame } from '../stored-message.ts';
import { checkpointSaver } from './checkpoint-saver.ts';
import { dispatching, type Handles } from './handles.ts';
import { leftToOthers } from './left-to-others.ts';
import { loggedEvents } from './logged-events.ts';
import { type ReplaySource, replays } from './replays.ts';

export interface WorkerOptions {
  readonly connection: JetstreamConsumerOptions<RecordedEvent>['connection'];
  /** Frozen name of the durable; also the name of its checkpoint. */
  readonly durable: string;
  /** The stream that it follows. */
  readonly stream: string;
  /** The aggregates' type; other aggregates' events of the same types are skipped. */
  readonly aggregateType: string;
  /** What it answers; what another release asked for beside it is left to that one. */
  readonly handles: Handles;
  /** The log, with the durable's checkpoint and its dead letters. */
  readonly store: Pick<EventStore, 'read' | 'head' | 'getCheckpoint' | 'saveCheckpoint'> &
    ReplaySource;
  readonly hook: Hook<IncomingMessage>;
  /** See the consumer's options of the same names. */
  readonly consumer: Pick<
    JetstreamConsumerOptions<RecordedEvent>,
    'maxInFlight' | 'ackWaitMs' | 'maxDeliver' | 'retryDelaysMs'
  >;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * A durable consumer of the log's events: concurrent across aggregates, in order
 * within one. It answers only events that the log has: each message is compared with
 * the log first, many in one read. Its checkpoint is saved beside the log, at most
 * once a second, so that a recreated durable continues there: position and event, and
 * how far events were delivered. Replays of dead letters go through the same endpoint.
 * Stopping it finishes what is in flight and saves the last position.
 */
export function eventWorker(options: WorkerOptions): Component {
  const { durable, stream, store, logger } = options;
  const park: typeof store.park = (ctx, letter) => store.park(ctx, letter);
  const others = leftToOthers({ consumer: durable, park, logger, meter: options.meter });
  const endpoint = dispatching(options.handles, options.aggregateType, others);
  const eventTypes = Object.keys(options.handles);
  const checkpoint = checkpointSaver(store, { consumer: durable, eventTypes }, logger);
  const logged = loggedEvents(store);
  const consumer = jetstreamConsumer<RecordedEvent>({
    ...options.consumer,
    connection: options.connection,
    stream,
    durable,
    filterSubjects: eventTypes,
    decode: decodeStored,
    recover: async (_ctx, sequence) => {
      const event = await logged.at(sequence);
      return event && asStored(event);
    },
    confirm: async (message, body) => {
      const event = await logged.at(message.sequence);
      return event === undefined || isSame(event, body) ? event && message : asStored(event);
    },
    key: (event) => event.aggregateId,
    endpoint,
    hook: options.hook,
    resumeAfter: async () => (await store.getCheckpoint(background(), durable)).position,
    head: () => store.head(background()),
    onProgress: ({ position, id, delivered }) =>
      checkpoint.moved({ position, eventId: id, delivered }),
    logger,
    meter: options.meter,
  });
  const replaying = replays({ ...options, endpoint, consumer: durable });
  return {
    ...consumer,
    async start() {
      await consumer.start?.();
      await replaying.start?.();
    },
    async stop() {
      await Promise.all([consumer.stop?.(), replaying.stop?.()]);
      await checkpoint.flush();
    },
  };
}
