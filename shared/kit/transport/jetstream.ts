import type { Meter } from '@opentelemetry/api';
import type { JetStreamManager, NatsConnection } from 'nats';
import type { Context } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { Endpoint } from '../endpoint.ts';
import { CodedError, codedError, kinds } from '../errors.ts';
import type { Component } from '../lifecycle.ts';
import { type Logger, logFields } from '../logger.ts';
import type { Hook, Outcome } from './hooks.ts';
import { noHook } from './hooks.ts';
import { createInFlight } from './in-flight.ts';
import { contextOf, incoming, messageId } from './incoming-message.ts';
import { ensureDurable, jetstreamManager } from './jetstream-durable.ts';
import { consumerMetrics } from './jetstream-metrics.ts';
import { progressOf, whyStuck } from './jetstream-progress.ts';
import type { IncomingMessage } from './jetstream-wire.ts';
import { keepSubscribed, type Subscription } from './keep-subscribed.ts';
import { createKeyLanes } from './key-lanes.ts';
import { connectionStatus } from './nats-status.ts';
import { openPull, type Pull } from './pull.ts';
import type { PulledMessage, StreamMessage } from './pulled-message.ts';
import { retryDelay } from './retry-delay.ts';

export type { StreamMessage } from './pulled-message.ts';

export interface JetstreamConsumerOptions<Body> {
  /** The connection as it is now, waiting for it if need be; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  readonly stream: string;
  /** Frozen name of the durable consumer; instances with the same name share its messages. */
  readonly durable: string;
  /** Default: every subject of the stream. */
  readonly filterSubjects?: readonly string[];
  /** Throws for a message that the event store did not publish; such a one is logged, counted and dropped. */
  readonly decode: (message: StreamMessage) => Body;
  /** Messages of one key are served one after the other, in the stream's order. */
  readonly key: (body: Body) => string;
  readonly endpoint: Endpoint<Delivery<Body>, unknown>;
  readonly hook?: Hook<IncomingMessage>;
  /** Position to go on after when the durable has vanished; 0n for the beginning. */
  readonly resumeAfter: () => Promise<bigint>;
  /** Position of the log's last event. */
  readonly head: () => Promise<bigint>;
  /**
   * Told at most once a second, when it has moved, up to where everything is
   * done by all instances together. Must not throw.
   */
  readonly onProgress?: (position: bigint) => void;
  /** Messages held at once, served or waiting for their key's turn. */
  readonly maxInFlight: number;
  /** After this without a sign of life the server delivers to somebody else. Signs are given. */
  readonly ackWaitMs: number;
  /** From this delivery on the endpoint is told that it is the last. */
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

/**
 * What the server counts to, above `maxDeliver`: a delivery that nobody could
 * park (the event store was away) must come again until somebody can. Beyond
 * it the server gives up and says so in an advisory.
 */
const PARKING_DELIVERIES = 1_000;
/** Failed messages that wait for their retry count as pending too, and must not fill the house. */
const MIN_ACK_PENDING = 1_000;
const PROGRESS_MS = 1_000;
/** Handed back untouched, for whoever is there next. */
const RELEASE_MS = 10;
/** After an abort, for endpoints to notice; then their messages are left to the server's clock. */
const ABORT_WAIT_MS = 500;

/** Thrown inside a lane for a message that has not begun when the consumer stops. */
const released = new CodedError('cancelled', 'released', 'The consumer stops.');

/**
 * A durable pull consumer as a transport: decodes a message, calls one
 * endpoint, and answers for it. Only here is anything acknowledged, and only
 * after the endpoint succeeded; so a message is served at least once, and an
 * endpoint must be idempotent by the message's identity.
 *
 * An error becomes, by the table in errors.ts, the end of its deliveries
 * (`parked`) or another delivery after a wait. It subscribes anew, for ever,
 * whatever ends a subscription: see keep-subscribed.ts and pull.ts.
 *
 * `stop` asks for nothing more, gives back what has not begun, waits for what
 * has, then aborts it. Everything it says to the server has been sent when it
 * resolves.
 */
export function jetstreamConsumer<Body>(options: JetstreamConsumerOptions<Body>): Component {
  const { stream, durable, endpoint, maxInFlight, ackWaitMs, silentMs = 10_000 } = options;
  const hook = options.hook ?? noHook;
  const logger = options.logger.child({ consumer: durable });
  const inFlight = createInFlight();
  const lanes = createKeyLanes();
  const metrics = consumerMetrics(options.meter, durable, () => inFlight.size);
  let stopping = false;
  let headAtSubscription = 0n;
  let lastMessageAt = performance.now();

  async function serve(message: PulledMessage, pull: Pull): Promise<void> {
    const signal = inFlight.add(message);
    metrics.delivered.add(1);
    lastMessageAt = performance.now();
    const wire = incoming(message, durable);
    const ctx = hook.before(contextOf(wire, signal), wire);
    let outcome: Outcome;
    try {
      const delivery = deliveryOf(message, wire);
      await lanes.run(options.key(delivery.body), () => {
        if (stopping) throw released;
        return endpoint(ctx, delivery);
      });
      message.ack();
      outcome = { status: 'acked', error: undefined };
    } catch (error) {
      outcome = answerFailure(message, ctx, error);
    }
    hook.after(ctx, wire, outcome);
    metrics.answered(outcome.status);
    inFlight.remove(message);
    pull.refill();
  }

  function deliveryOf(message: PulledMessage, wire: IncomingMessage): Delivery<Body> {
    return {
      body: decoded(message),
      messageId: messageId(wire),
      sequence: message.sequence,
      deliveries: message.deliveries,
      last: message.deliveries >= options.maxDeliver,
      mayBeRepeat: message.deliveries > 1 || message.sequence <= headAtSubscription,
      traceparent: wire.header('traceparent') ?? '',
    };
  }

  function decoded(message: PulledMessage): Body {
    try {
      return options.decode(message);
    } catch (cause) {
      throw new Undecodable(cause);
    }
  }

  function answerFailure(message: PulledMessage, ctx: Context, error: unknown): Outcome {
    if (error === released) {
      message.nak(RELEASE_MS);
      return { status: 'retried', error: undefined };
    }
    const about = { ...logFields(ctx), subject: message.subject, sequence: `${message.sequence}` };
    if (error instanceof Undecodable) {
      logger.error({ ...about, err: error.cause }, 'a message that cannot be read was dropped');
      message.term('undecodable');
      return { status: 'undecodable', error: error.cause };
    }
    const coded = codedError(error);
    if (kinds[coded.kind].queue === 'parked') {
      message.term('parked');
      return { status: 'parked', error };
    }
    message.nak(retryDelay(options.retryDelaysMs, message.deliveries, coded.retryAfterMs));
    return { status: 'retried', error };
  }

  async function subscribe(signal: AbortSignal): Promise<Subscription> {
    const connection = await options.connection();
    await connectionStatus(connection).untilConnected(signal);
    const manager = await jetstreamManager(connection);
    const durableOptions = {
      stream,
      durable,
      filterSubjects: options.filterSubjects ?? [],
      ackWaitMs,
      maxDeliver: options.maxDeliver + PARKING_DELIVERIES,
      maxAckPending: Math.max(MIN_ACK_PENDING, 4 * maxInFlight),
    };
    const info = await ensureDurable(manager, durableOptions, options.resumeAfter);
    if (info.config.opt_start_seq !== undefined && info.delivered.consumer_seq === 0) {
      logger.info({ from: info.config.opt_start_seq }, 'a durable made anew');
    }
    // Read last: what is appended from here on nobody can have answered before.
    headAtSubscription = await options.head();
    lastMessageAt = performance.now();
    const pull = openPull({
      connection,
      stream,
      consumer: durable,
      limit: maxInFlight,
      held: () => inFlight.size,
      onMessage: (message) => void serve(message, pull),
    });
    const stopWatching = watch(manager, pull);
    void pull.ended.then(stopWatching);
    return {
      ended: pull.ended,
      close: async () => {
        await pull.close();
        await finishHeld();
        // A round trip, too: the answers before it have reached the server, and the
        // connection may be closed.
        await reportProgress(manager).catch(() => undefined);
      },
    };
  }

  /** Once a second: progress if something was answered, and a look at a long silence. */
  function watch(manager: JetStreamManager, pull: Pull): () => void {
    let busy = false;
    let lookedAt = performance.now();
    const look = async () => {
      await reportProgress(manager);
      const now = performance.now();
      if (!pull.waiting() || now - Math.max(lastMessageAt, lookedAt) < silentMs) return;
      lookedAt = now;
      const stuck = await whyStuck(manager, stream, durable, options.head);
      // A message that came while we looked answers the question.
      if (stuck !== undefined && lastMessageAt <= now) pull.end(`watchdog: ${stuck}`);
    };
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void look()
        .catch((error) => logger.debug({ err: error }, 'progress could not be read'))
        .finally(() => {
          busy = false;
        });
    }, PROGRESS_MS);
    return () => clearInterval(timer);
  }

  let reported = 0n;
  async function reportProgress(manager: JetStreamManager): Promise<void> {
    const { position, lag } = progressOf(await manager.consumers.info(stream, durable));
    metrics.lag(lag);
    if (position <= reported) return;
    reported = position;
    options.onProgress?.(position);
  }

  let finishing: Promise<void> | undefined;
  const finishHeld = () => {
    finishing ??= waitThenAbort();
    return finishing;
  };

  async function waitThenAbort(): Promise<void> {
    if (await inFlight.noneWithin(options.stopWaitMs ?? 5_000)) return;
    logger.warn({ inFlight: inFlight.size }, 'aborting what is in flight');
    inFlight.abortAll(released);
    await inFlight.noneWithin(ABORT_WAIT_MS);
  }

  // Also for those that wait for their key's turn: they are held as long.
  const aliveMs = Math.max(1, Math.floor(ackWaitMs / 3));
  let alive: NodeJS.Timeout | undefined;
  const kept = keepSubscribed({ subscribe, logger });
  return {
    name: durable,
    start: async () => {
      alive = setInterval(() => inFlight.keepAlive(aliveMs / 2), aliveMs);
      kept.start();
    },
    stop: async () => {
      stopping = true;
      await kept.stop();
      // Without a subscription, as during an outage, there may still be work in flight.
      await finishHeld();
      clearInterval(alive);
      metrics.close();
    },
    notReady: () => {
      const reason = kept.notReady();
      return reason && `not subscribed as ${durable}: ${reason}`;
    },
  };
}

class Undecodable extends Error {
  constructor(cause: unknown) {
    super('A message could not be decoded.', { cause });
  }
}
