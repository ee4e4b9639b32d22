import type { NatsConnection } from 'nats';
import type { Context } from '../../context.ts';
import type { Delivery } from '../../delivery.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { Logger } from '../../logger.ts';
import type { Meter } from '../../metrics/meter.ts';
import type { Hook } from '../hooks.ts';
import type { IncomingMessage } from './messages/jetstream-wire.ts';
import type { StreamMessage } from './messages/pulled-message.ts';
import type { PlacedProgress } from './progress.ts';

/** What a durable consumer is to do; see `jetstreamConsumer`. */
export interface JetstreamConsumerOptions<Body> {
  /** The current connection, waiting for it if necessary; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  readonly stream: string;
  /** Frozen name of the durable consumer; instances with the same name share its messages. */
  readonly durable: string;
  /** Default: every subject of the stream. */
  readonly filterSubjects?: readonly string[];
  /** Throws for a message that the event store did not publish; then `recover` is called. */
  readonly decode: (message: StreamMessage) => Body;
  /**
   * The message that belongs at `sequence` in place of one that cannot be decoded;
   * undefined while there is none. The consumer decodes and serves it instead. Until
   * there is one, and always without this option, the bad message stays unanswered: it
   * comes again after the longest wait, so that nobody's position passes it.
   */
  readonly recover?: (ctx: Context, sequence: bigint) => Promise<StreamMessage | undefined>;
  /**
   * Called before a decoded message is served: resolves with the message itself if it is
   * genuine, with another to serve in its place if it is not, and with undefined while
   * neither may be served; then the message stays unanswered, as above. After a rejection
   * the message is delivered again after the usual wait, which does not count as an
   * attempt. Calls are made in the order of the messages, and messages of one key are
   * served in the order of the results. Default: every message is genuine.
   */
  readonly confirm?: (message: StreamMessage, body: Body) => Promise<StreamMessage | undefined>;
  /**
   * Messages of one key are served one after the other, in the stream's order
   * except after a retry: a message that failed waits, and later ones of its
   * key are served meanwhile.
   */
  readonly key: (body: Body) => string;
  readonly endpoint: Endpoint<Delivery<Body>, unknown>;
  /** Sees the message that is served, which may be the recovered one. */
  readonly hook?: Hook<IncomingMessage>;
  /** Position after which a lost durable continues; 0n for the beginning. */
  readonly resumeAfter: () => Promise<bigint>;
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /**
   * Called about once a second with the progress of all instances together, and the id of
   * the message at that position: often unchanged, and lower if the durable was
   * recreated. Must not throw.
   */
  readonly onProgress?: (progress: PlacedProgress) => void;
  /** Messages held at once, being served or waiting for their key's turn. */
  readonly maxInFlight: number;
  /**
   * After this long without a sign of life the server delivers to another instance. The
   * consumer sends such signs.
   */
  readonly ackWaitMs: number;
  /**
   * From this delivery on the endpoint is told that it is the last. The server itself has
   * no limit.
   */
  readonly maxDeliver: number;
  /** Wait before the second delivery, the third, …; the last counts for all further ones. */
  readonly retryDelaysMs: readonly number[];
  /** How long `stop` waits for messages in flight before it aborts them. Default 5,000. */
  readonly stopWaitMs?: number;
  /** Silence after which progress is compared with the log's head. Default 10,000. */
  readonly silentMs?: number;
  readonly logger: Logger;
  readonly meter: Meter;
}
