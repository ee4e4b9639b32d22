import type { Context } from '../../context.ts';
import type { Delivery } from '../../delivery.ts';
import { CodedError, codedError, isKind, kinds } from '../../errors.ts';
import { logFields } from '../../logger.ts';
import type { Component } from '../../process/lifecycle.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import type { Outcome } from '../hooks.ts';
import { guarded, noHook } from '../hooks.ts';
import { keepSubscribed, type Subscription } from '../nats/keep-subscribed.ts';
import { connectionStatus } from '../nats/nats-status.ts';
import { countReplaced } from '../replaced-streams.ts';
import { consumerMetrics } from './consumer-metrics.ts';
import type { JetstreamConsumerOptions } from './consumer-options.ts';
import { ensureDurable, jetstreamManager } from './durable.ts';
import { createInFlight } from './messages/in-flight.ts';
import { contextOf, incoming, messageId } from './messages/incoming-message.ts';
import type { IncomingMessage } from './messages/jetstream-wire.ts';
import { createKeyLanes } from './messages/key-lanes.ts';
import { openPull, type Pull } from './messages/pull.ts';
import type { PulledMessage } from './messages/pulled-message.ts';
import { readMessage, Undecodable } from './messages/read-message.ts';
import { retryDelay } from './messages/retry-delay.ts';
import { createUnreadable } from './messages/unreadable.ts';
import { type Watch, watchDurable } from './watch.ts';

export type { JetstreamConsumerOptions } from './consumer-options.ts';
export type { StreamMessage } from './messages/pulled-message.ts';
export type { PlacedProgress } from './progress.ts';

/**
 * The server itself never gives up: a delivery that nobody could park (the event store
 * was away) or read must come again until somebody can, because a message that the server
 * drops counts as done.
 */
const NO_END = -1;
/** Failed messages that wait for their retry count as pending too, and must not use up the limit. */
const MIN_ACK_PENDING = 20_000;
/** Returned unprocessed, for the next instance. */
const RELEASE_MS = 10;
/** How long endpoints have to notice an abort; then the server redelivers their messages later. */
const ABORT_WAIT_MS = 500;

/** Errors that hide for a while what a message is. */
const passing = ['unavailable', 'timeout', 'overloaded', 'cancelled'] as const;

/** Thrown inside a lane for a message that has not begun when the consumer stops. */
const released = new CodedError('cancelled', 'released', 'The consumer is stopping.');

/**
 * A durable pull consumer as a transport: decodes a message, calls one endpoint, and
 * answers for it. Messages are acknowledged only here, and only after the endpoint
 * succeeded; so a message is served at least once, and an endpoint must be idempotent by
 * the message's id.
 *
 * By the table in errors.ts an error ends the deliveries (`parked`) or leads to another
 * one after a wait. An unreadable message is never acknowledged: the log may have its own
 * event at that position. Whatever ends a subscription, the consumer subscribes again,
 * forever: see keep-subscribed.ts and pull.ts.
 *
 * `stop` requests no more messages, gives back those that have not begun, waits for the
 * others, then aborts them. When it resolves, everything it says to the server has been
 * sent.
 */
export function jetstreamConsumer<Body>(options: JetstreamConsumerOptions<Body>): Component {
  const { stream, durable, endpoint, maxInFlight, ackWaitMs, silentMs = 10_000 } = options;
  const logger = options.logger.child({ consumer: durable });
  const hook = guarded(options.hook ?? noHook, (err) => logger.error({ err }, 'a hook failed'));
  const inFlight = createInFlight();
  const lanes = createKeyLanes();
  const metrics = consumerMetrics(options.meter, 'nats', durable, () => inFlight.size);
  const unreadable = createUnreadable();
  const replaced = countReplaced(options.meter);
  let stopping = false;
  let headAtSubscription = 0n;
  let watching: Watch | undefined;

  async function serve(message: PulledMessage, pull: Pull): Promise<void> {
    inFlight.add(message);
    const since = performance.now();
    metrics.delivered(1);
    const outcome = await answer(message, inFlight.signal);
    metrics.answered(outcome.status, since);
    inFlight.remove(message);
    pull.refill();
  }

  async function answer(message: PulledMessage, signal: AbortSignal): Promise<Outcome> {
    const { served, read } = await readMessage(message, {
      decode: options.decode,
      recover: async () =>
        options.recover?.(contextOf(incoming(message, durable), signal), message.sequence),
      confirm: options.confirm ?? (async () => message),
    });
    const wire = incoming(served, durable);
    const ctx = hook.before(contextOf(wire, signal), wire);
    let outcome: Outcome;
    try {
      if (read instanceof Undecodable) throw read;
      const delivery = deliveryOf(read.body, message, wire);
      await lanes.run(options.key(delivery.body), () => {
        if (stopping) throw released;
        return endpoint(ctx, delivery);
      });
      message.ack();
      unreadable.forget(message.sequence);
      outcome = { status: 'acked', error: undefined };
    } catch (error) {
      outcome = answerFailure(message, ctx, error);
    }
    hook.after(ctx, wire, outcome);
    return outcome;
  }

  function deliveryOf(body: Body, message: PulledMessage, wire: IncomingMessage): Delivery<Body> {
    // Deliveries in which the message could not be read were no attempts.
    const deliveries = message.deliveries - unreadable.deliveries(message.sequence);
    return {
      body,
      messageId: messageId(wire),
      sequence: message.sequence,
      subject: message.subject,
      deliveries,
      last: deliveries >= options.maxDeliver,
      overdue: deliveries > options.maxDeliver,
      mayBeRepeat: message.deliveries > 1 || message.sequence <= headAtSubscription,
      traceparent: wire.header('traceparent') ?? '',
    };
  }

  function answerFailure(message: PulledMessage, ctx: Context, error: unknown): Outcome {
    if (error === released) {
      message.nak(RELEASE_MS);
      return { status: 'retried', error: undefined };
    }
    if (error instanceof Undecodable && isKind(error.cause, ...passing)) {
      unreadable.add(message, false);
      const { retryAfterMs } = codedError(error.cause);
      message.nak(retryDelay(options.retryDelaysMs, message.deliveries, retryAfterMs));
      return { status: 'retried', error: error.cause };
    }
    if (error instanceof Undecodable) {
      if (unreadable.add(message)) {
        const about = { subject: message.subject, sequence: `${message.sequence}` };
        logger.error(
          { ...logFields(ctx), ...about, err: error.cause },
          'a message cannot be read, and the log has no event to use instead; it stays unanswered',
        );
      }
      message.nak(retryDelay(options.retryDelaysMs, options.retryDelaysMs.length));
      return { status: 'undecodable', error: error.cause };
    }
    const coded = codedError(error);
    if (kinds[coded.kind].queue === 'parked') {
      message.term('parked');
      unreadable.forget(message.sequence);
      return { status: 'parked', error };
    }
    message.nak(retryDelay(options.retryDelaysMs, message.deliveries, coded.retryAfterMs));
    return { status: 'retried', error };
  }

  async function subscribe(signal: AbortSignal): Promise<Subscription> {
    const connection = await unlessAborted(options.connection(), signal);
    await connectionStatus(connection).untilConnected(signal);
    const manager = await jetstreamManager(connection);
    const durableOptions = {
      stream,
      durable,
      filterSubjects: options.filterSubjects ?? [],
      ackWaitMs,
      maxDeliver: NO_END,
      maxAckPending: Math.max(MIN_ACK_PENDING, 4 * maxInFlight),
    };
    const info = await ensureDurable(manager, durableOptions, options.resumeAfter);
    if (info.config.opt_start_seq !== undefined && info.delivered.consumer_seq === 0) {
      logger.info({ from: info.config.opt_start_seq }, 'recreated a durable');
    }
    // Read last: nobody can have answered what is appended from here on.
    headAtSubscription = await options.head();
    const pull = openPull({
      connection,
      stream,
      consumer: durable,
      limit: maxInFlight,
      held: () => inFlight.size,
      onSilent: () => replaced('nats_consumer'),
      onMessage: (message) => {
        watch.heard();
        void serve(message, pull);
      },
    });
    const watch = watchDurable({
      manager,
      stream,
      durable,
      filterSubjects: durableOptions.filterSubjects,
      head: options.head,
      onProgress: (progress) => {
        metrics.lag(progress.lag);
        options.onProgress?.(progress);
      },
      waiting: pull.waiting,
      silentMs,
      onStuck: (reason) => {
        replaced('nats_consumer');
        pull.end(`watchdog: ${reason}`);
      },
      logger,
    });
    watching = watch;
    void pull.ended.then(watch.stop);
    return {
      ended: pull.ended,
      close: async () => {
        await pull.close();
        await finishHeld();
        // Also a round trip: the answers before it have reached the server, and the
        // connection may be closed.
        await watch.report().catch(() => undefined);
      },
    };
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

  // Also for messages that wait for their key's turn: they are held as long.
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
      // Without a subscription, as during an outage, work may still be in flight.
      await finishHeld();
      clearInterval(alive);
      metrics.close();
    },
    notReady: () => {
      const reason = kept.notReady();
      if (reason !== undefined) return `not subscribed as ${durable}: ${reason}`;
      return watching?.notReady();
    },
  };
}
