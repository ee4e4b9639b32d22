/** The log's copy in JetStream, as the relay uses it. */
import type { JetStreamClient, NatsConnection, PubAck, StoredMsg } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
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
import { type ChainedMessage, inChain } from './message-chain.ts';
import { observed } from './observed-message.ts';
import type { ObservedStream } from './verdict.ts';

export interface PublishedStream {
  /**
   * Creates a missing stream, repairs its configuration if a server can, and returns its
   * state. Rejects while the broker is away.
   */
  inspect(): Promise<ObservedStream>;
  /**
   * Publishes events of consecutive positions, each at its own. Resolves only if this call
   * made the broker store the first and the last there, and all between. Rejects otherwise,
   * also if another relay was quicker; then some of them, from the first on, may be stored.
   */
  publish(events: readonly RecordedEvent[]): Promise<void>;
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

  /**
   * Sends all at once. Only the first and the last ask for an answer: the last is stored
   * only behind all others, and the first says whether another relay was quicker.
   */
  async function sent(
    connection: NatsConnection,
    window: readonly ChainedMessage[],
  ): Promise<void> {
    const asked: Promise<void>[] = [];
    for (const [index, { event, headers }] of window.entries()) {
      const { eventType, data } = event;
      const payload = Buffer.from(data);
      if (index > 0 && index < window.length - 1) {
        connection.publish(eventType, payload, { headers });
        continue;
      }
      const answer = jetstream(connection).publish(eventType, payload, { headers });
      const stored = placed(event, answer);
      // The connection may be closed before the rest is sent.
      stored.catch(() => undefined);
      asked.push(stored);
    }
    // Both are awaited, so that an inspection does not see half of a window.
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === 'rejected') throw answer.reason;
    }
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

    publish: async (events) => {
      const window = inChain(events, options.name, hook);
      try {
        await whileConnected((connection) => sent(connection, window));
        for (const { end } of window) end(undefined);
      } catch (error) {
        for (const { end } of window) end(error);
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

/** Rejects unless the answer says that this message was stored, at the event's position. */
async function placed(event: RecordedEvent, answer: Promise<PubAck>): Promise<void> {
  const { seq, duplicate } = await answer;
  if (BigInt(seq) === event.position && !duplicate) return;
  throw new CodedError(
    'conflict',
    'misplaced_message',
    `Event ${event.eventId} at position ${event.position} was acknowledged at sequence ${seq}${duplicate ? ' as a duplicate' : ''}.`,
  );
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
