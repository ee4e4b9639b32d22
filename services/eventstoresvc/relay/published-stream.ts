/** The log's copy in JetStream, as the relay uses it. */
import type { JetStreamClient, NatsConnection, StoredMsg } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { encodeMessage } from '../../../shared/eventstore/message.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type Logger, silentLogger } from '../../../shared/kit/logger.ts';
import type { Hook } from '../../../shared/kit/transport/hooks.ts';
import type { StreamMessage } from '../../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import {
  apiCode,
  remakeStream,
  repairStream,
  type StreamOptions,
} from '../../../shared/kit/transport/jetstream/jetstream-stream.ts';
import type { OutgoingMessage } from '../../../shared/kit/transport/jetstream/messages/jetstream-wire.ts';
import { readStream } from '../../../shared/kit/transport/jetstream/reader.ts';
import type { Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { connectionStatus } from '../../../shared/kit/transport/nats/nats-status.ts';
import { observed } from './observed-message.ts';
import type { ObservedStream } from './verdict.ts';

export interface PublishedStream {
  /**
   * Creates a missing stream, repairs its configuration if a server can, and returns its
   * state. Rejects while the broker is away.
   */
  inspect(): Promise<ObservedStream>;
  /**
   * Publishes one event at its position. Resolves only if this call made the broker store
   * it there. Rejects otherwise, also if another relay was quicker.
   */
  publish(event: RecordedEvent): Promise<void>;
  /** The message at `sequence`; undefined if there is none. Rejects while the broker is away. */
  messageAt(sequence: bigint): Promise<StreamMessage | undefined>;
  /** The messages after `position`, in order, and then new ones as they come. Ends when `signal` is aborted. */
  read(position: bigint, signal: AbortSignal): AsyncIterable<readonly StreamMessage[]>;
  /** Deletes the copy and makes an empty one. */
  remake(): Promise<void>;
  /** Advice for the operator if the stream is not ours. */
  readonly remedy: string;
}

/** How long the broker may take to store a message, in milliseconds. */
const ACK_TIMEOUT_MS = 5_000;

/** JetStream's code for a sequence without a message. */
const NO_MESSAGE = 10037;

/** Most messages of the stream in one read. */
const READ_BATCH = 500;

/** Upper limit for an event's headers in bytes: ids, type, metadata, each limited where events enter. */
const MAX_HEADER_BYTES = 16 * 1024;

/** @param maxDataBytes of the largest event that the log accepts; the broker must accept it too */
export function createPublishedStream(
  nats: Nats,
  options: StreamOptions,
  maxDataBytes: number,
  hook: Hook<OutgoingMessage>,
  logger: Logger = silentLogger,
): PublishedStream {
  let client: { readonly of: unknown; readonly jetstream: JetStreamClient } | undefined;

  /** A client for the current connection; an earlier connection may have been replaced. */
  function jetstream(connection: NatsConnection): JetStreamClient {
    if (client?.of !== connection) {
      client = { of: connection, jetstream: connection.jetstream({ timeout: ACK_TIMEOUT_MS }) };
    }
    return client.jetstream;
  }

  /** The result of `work`, or a rejection as soon as the connection is lost. */
  async function whileConnected<T>(work: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const connection = await nats.connection();
    const status = connectionStatus(connection);
    if (!status.connected()) throw away();
    return new Promise((resolve, reject) => {
      const unlisten = status.listen((connected) => connected || reject(away()));
      work(connection).then(resolve, reject).finally(unlisten);
    });
  }

  return {
    remedy: `If you can delete that stream (it is only a copy of the log): \`npx ordersctl stream reset\`.`,

    inspect: () =>
      whileConnected(async (connection) => {
        const limit = connection.info?.max_payload ?? 0;
        if (limit < maxDataBytes + MAX_HEADER_BYTES) {
          throw new CodedError(
            'precondition_failed',
            'broker_limit',
            `The broker accepts messages of at most ${limit} bytes, but events may have ${maxDataBytes}: raise its max_payload or lower MAX_EVENT_BYTES.`,
          );
        }
        const { state, unfit } = await repairStream(connection, options);
        const manager = await connection.jetstreamManager({ checkAPI: false });
        const [subject = '>'] = options.subjects;
        try {
          const message = await manager.streams.getMessage(options.name, { last_by_subj: subject });
          return { ...state, unfit, lastMessage: observed(asStreamMessage(message)) };
        } catch (error) {
          if (apiCode(error) !== NO_MESSAGE) throw error;
          return { ...state, unfit, lastMessage: undefined };
        }
      }),

    publish: async (event) => {
      const { subject, headers, payload } = encodeMessage(event);
      const wire: OutgoingMessage = {
        subject,
        header: (name) => headers.get(name) || event.metadata[name],
        setHeader: (name, value) => headers.set(name, value),
      };
      const ctx = hook.before(background(event.metadata.correlation_id), wire);
      try {
        const ack = await whileConnected((connection) =>
          jetstream(connection).publish(subject, payload, {
            headers,
            expect: { streamName: options.name, lastSequence: Number(event.position) - 1 },
          }),
        );
        if (BigInt(ack.seq) !== event.position || ack.duplicate) {
          throw new CodedError(
            'conflict',
            'misplaced_message',
            `Event ${event.eventId} at position ${event.position} was acknowledged at sequence ${ack.seq}${ack.duplicate ? ' as a duplicate' : ''}.`,
          );
        }
        hook.after(ctx, wire, { status: 'acked', error: undefined });
      } catch (error) {
        hook.after(ctx, wire, { status: 'failed', error });
        throw error;
      }
    },

    messageAt: (sequence) =>
      whileConnected(async (connection) => {
        const manager = await connection.jetstreamManager({ checkAPI: false });
        try {
          const seq = Number(sequence);
          return asStreamMessage(await manager.streams.getMessage(options.name, { seq }));
        } catch (error) {
          if (apiCode(error) === NO_MESSAGE) return undefined;
          throw error;
        }
      }),

    read: (position, signal) =>
      readStream({
        connection: nats.connection,
        stream: options.name,
        startAfter: position,
        maxBatch: READ_BATCH,
        signal,
        logger,
      }),

    remake: async () => {
      await remakeStream(await nats.connection(), options);
    },
  };
}

/** In the form that a consumer gets. */
const asStreamMessage = ({ subject, seq, header, data }: StoredMsg): StreamMessage => ({
  subject,
  sequence: BigInt(seq),
  headers: header,
  data,
});

const away = () =>
  new CodedError('unavailable', 'broker_unavailable', 'The connection to NATS is lost.');
