import { setTimeout as delay } from 'node:timers/promises';
import { background, withSignal } from '../../kit/context.ts';
import type { Delivery } from '../../kit/delivery.ts';
import type { Endpoint } from '../../kit/endpoint.ts';
import { CodedError, codedError, kinds } from '../../kit/errors.ts';
import { type Logger, logFields } from '../../kit/logger.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type { Hook, Outcome } from '../../kit/transport/hooks.ts';
import { contextOf } from '../../kit/transport/jetstream/messages/incoming-message.ts';
import type { IncomingMessage } from '../../kit/transport/jetstream/messages/jetstream-wire.ts';
import { retryDelay } from '../../kit/transport/jetstream/messages/retry-delay.ts';
import type { ParkedLetter } from '../dead-letters.ts';
import type { EventStore, RecordedEvent } from '../event-store.ts';
import { encodeMessage } from '../message.ts';
import { eventAt } from '../stored-message.ts';
import { unsampled } from '../unsampled.ts';

/** What replays need of the event store. */
export type ReplaySource = Pick<EventStore, 'read' | 'takeReplays' | 'resolveReplay' | 'park'>;

export interface ReplayOptions {
  /** The consumer whose dead letters are replayed. */
  readonly consumer: string;
  /** The endpoint that serves this consumer's messages, with its dead letter middleware. */
  readonly endpoint: Endpoint<Delivery<RecordedEvent>, unknown>;
  readonly store: ReplaySource;
  readonly hook: Hook<IncomingMessage>;
  readonly logger: Logger;
  /** How long `stop` waits for running replays before it aborts them, in milliseconds. Default 5 s. */
  readonly stopWaitMs?: number;
}

/** The most replays at once: they must not crowd out current events. */
const AT_ONCE = 8;
const LOOK_EVERY_MS = 1_000;
/** Waits before the next look if the event store did not answer. */
const AWAY_DELAYS_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/**
 * Serves dead letters whose replay somebody requested. It looks for them once a second,
 * takes each event from the log and gives it to the endpoint as possibly answered before,
 * so the endpoint checks the log first and does not do what was cancelled meanwhile. What
 * the endpoint serves is resolved; what it fails at is parked again.
 *
 * `stop` waits five seconds for running replays, then aborts them; they are handed out
 * again.
 */
export function replays(options: ReplayOptions): Component {
  const { consumer, endpoint, store, hook } = options;
  const logger = options.logger.child({ consumer });
  const stopping = new AbortController();
  const cutShort = new AbortController();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      let pauseMs = LOOK_EVERY_MS;
      try {
        const letters = await store.takeReplays(
          unsampled(withSignal(background(), stopping.signal)),
          { consumer, limit: AT_ONCE },
        );
        failures = 0;
        await Promise.all(letters.map(replay));
        if (letters.length === AT_ONCE) pauseMs = 0;
      } catch (error) {
        pauseMs = retryDelay(AWAY_DELAYS_MS, ++failures);
        logger.debug({ err: error, pauseMs }, 'replays could not be fetched');
      }
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  /**
   * Never rejects: a letter that could not be settled is handed out again when its lease
   * expires.
   */
  async function replay(letter: ParkedLetter): Promise<void> {
    const about = { position: `${letter.position}`, event_id: letter.eventId };
    try {
      const event = await eventAt(
        withSignal(background(), cutShort.signal),
        store,
        letter.position,
      );
      if (event === undefined) {
        await store.park(background(), { ...letter, ...MISSING });
        return;
      }
      const outcome = await serve(letter, event);
      if (outcome.status !== 'acked') return;
      await store.resolveReplay(background(), { consumer, position: letter.position });
      logger.info(about, 'a dead letter was replayed');
    } catch (error) {
      logger.warn({ ...about, err: error }, 'the result of a replay could not be saved');
    }
  }

  async function serve(letter: ParkedLetter, event: RecordedEvent): Promise<Outcome> {
    const { headers } = encodeMessage(event);
    const wire: IncomingMessage = {
      subject: event.eventType,
      sequence: event.position,
      durable: consumer,
      header: (name) => headers.get(name) || undefined,
    };
    const ctx = hook.before(contextOf(wire, cutShort.signal), wire);
    let outcome: Outcome = { status: 'acked', error: undefined };
    try {
      await endpoint(ctx, {
        body: event,
        messageId: event.eventId,
        sequence: event.position,
        deliveries: letter.deliveries + 1,
        // Any failure parks it again, unless we aborted it.
        get last() {
          return !cutShort.signal.aborted;
        },
        mayBeRepeat: true,
        traceparent: event.metadata.traceparent ?? '',
      });
    } catch (error) {
      const parked = kinds[codedError(error).kind].queue === 'parked';
      outcome = { status: parked ? 'parked' : 'retried', error };
      logger.warn({ ...logFields(ctx), err: error, outcome: outcome.status }, 'a replay failed');
    }
    hook.after(ctx, wire, outcome);
    return outcome;
  }

  return {
    name: `replays of ${consumer}`,
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      const reason = new CodedError('cancelled', 'stopped', 'The worker is stopping.');
      stopping.abort(reason);
      const late = setTimeout(() => cutShort.abort(reason), options.stopWaitMs ?? 5_000);
      await running;
      clearTimeout(late);
    },
  };
}

/** The reason for a letter whose event is missing, as after a restored backup. */
const MISSING = {
  reason: 'event_missing',
  lastError: 'The log has no event at this position.',
} as const;
