import type { Meter } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import type { Context } from '../../context.ts';
import type { Delivery } from '../../delivery.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { Logger } from '../../logger.ts';
import type { Hook } from '../hooks.ts';
import type { IncomingMessage } from './messages/jetstream-wire.ts';
import type { StreamMessage } from './messages/pulled-message.ts';
import type { PlacedProgress } from './progress.ts';

/** What a durable consumer is to do; see `jetstreamConsumer`. */
export interface JetstreamConsumerOptions<Body> {
  /** The connection as it is now, waiting for it if need be; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  readonly stream: string;
  /** Frozen name of the durable consumer; instances with the same name share its messages. */
  readonly durable: string;
  /** Default: every subject of the stream. */
  readonly filterSubjects?: readonly string[];
  /** Throws for a message that the event store did not publish; `recover` is asked for such a one. */
  readonly decode: (message: StreamMessage) => Body;
  /**
   * The message that should stand at `sequence` in place of one that cannot be
   * decoded; undefined while there is none. It is decoded and served instead.
   * Until there is one, and always without this option, such a message stays
   * unanswered: it comes again after the longest of the waits, so that nobody's
   * position passes it.
   */
  readonly recover?: (ctx: Context, sequence: bigint) => Promise<StreamMessage | undefined>;
  /**
   * Asked before a message that could be decoded is served: resolves with the
   * message itself where it is what it says, with another to be served in its
   * place where it is not, and with undefined while neither may be served; then
   * it stays unanswered, as above. A rejection is met with another delivery after
   * the usual wait, and is no attempt at the message. Calls are made in the order
   * of the messages, and messages of one key are served in that of the answers.
   * Default: each is what it says.
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
  /** Position to go on after when the durable has vanished; 0n for the beginning. */
  readonly resumeAfter: () => Promise<bigint>;
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /**
   * Told about once a second how far all instances together have come, and the
   * identity of the message at that position: often the same as before, and less
   * where the durable was made again. Must not throw.
   */
  readonly onProgress?: (progress: PlacedProgress) => void;
  /** Messages held at once, served or waiting for their key's turn. */
  readonly maxInFlight: number;
  /** After this without a sign of life the server delivers to somebody else. Signs are given. */
  readonly ackWaitMs: number;
  /** From this delivery on the endpoint is told that it is the last. The server counts no end. */
  readonly maxDeliver: number;
  /** Wait before the second delivery, the third, …; the last counts for all further ones. */
  readonly retryDelaysMs: readonly number[];
  /** How long `stop` waits for what is in flight before it aborts it. Default 5,000. */
  readonly stopWaitMs?: number;
  /** Silence after which progress is compared with the log's head. Default 10,000. */
  readonly silentMs?: number;
  readonly logger: Logger;
  readonly meter: Meter;
}
