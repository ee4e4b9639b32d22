/**
 * The stream as the projection reads it: in order, from the read model's own checkpoint,
 * without a durable. Each batch calls one endpoint. There is nothing to acknowledge,
 * because the checkpoint moves with the rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Meter } from '@opentelemetry/api';
import type { NatsConnection } from 'nats';
import { ORDERS_STREAM, READ_MODEL } from '../../shared/contracts/subjects.ts';
import { eventAt } from '../../shared/eventstore/stored-message.ts';
import { background, type Context, causedBy, withSignal } from '../../shared/kit/context.ts';
import { CodedError, codedError } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { guarded, type Hook, type Outcome } from '../../shared/kit/transport/hooks.ts';
import type { StreamMessage } from '../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import { streamState } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import type { IncomingMessage } from '../../shared/kit/transport/jetstream/messages/jetstream-wire.ts';
import { readStream, type StreamReader } from '../../shared/kit/transport/jetstream/reader.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';
import type { QueryModelEndpoints } from './endpoints.ts';
import { eventsOf, type Log, missingEvents } from './missing-events.ts';
import type { Projected } from './service.ts';
import { watchStandstill } from './standstill.ts';
import type { Place } from './table/rebuild-table.ts';

export interface ProjectionTransportOptions {
  /** The current connection, waiting for one if needed; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  /** Position of the read model's checkpoint. */
  readonly checkpoint: (ctx: Context) => Promise<bigint>;
  /** The checkpoint's position, with the id of the event there. */
  readonly place: (ctx: Context) => Promise<Place>;
  /** Source of the events that the stream lacks. */
  readonly log: Log;
  readonly hook: Hook<IncomingMessage>;
  /** Most events in one batch. */
  readonly maxBatch: number;
  /** While nothing arrives, the time between comparisons with the log's head. Default 3,000. */
  readonly lookMs?: number;
  /** How long the checkpoint may stay behind the log before reading starts again. Default 10,000. */
  readonly stuckMs?: number;
  readonly logger: Logger;
  readonly meter?: Meter;
}

/** Failures before the first success that are logged as info, not as errors. */
const FIRST_FAILURES = 4;
/** Pause after a failure, before reading from the checkpoint again: half of `first`, doubling up to `longest`. */
const PAUSE_MS = { first: 200, longest: 5_000 };
/** Another instance that moved nothing for this long is not at work any more. */
const STANDBY_MS = 100;
/** How long `stop` lets a batch finish before it aborts it; aborting is harmless, but logs more. */
const FINISH_MS = 3_000;

/**
 * Reads from start to stop; after any failure it starts again at the read model's
 * checkpoint. A read model that is ahead of the log belongs to another or a lost log:
 * nothing is projected onto it until it is rebuilt.
 */
export function jetstreamTransport(
  endpoints: QueryModelEndpoints,
  options: ProjectionTransportOptions,
): Component {
  const { logger, log, maxBatch, lookMs = 3_000, stuckMs = 10_000 } = options;
  const hook = guarded(options.hook, (err) => logger.error({ err }, 'a hook failed'));
  const stopping = new AbortController();
  const aborting = new AbortController();
  let running: Promise<void> | undefined;
  let reader: StreamReader | undefined;
  let problem: string | undefined = 'not started yet';
  let failures = 0;
  let begun = false;
  /** Another instance is at work: it was quicker with the last batch. */
  let standby = false;
  /** Why reading was stuck and started again; cleared when something moves. */
  let standstill: string | undefined;
  /** Set when the read model was found ahead of the log, until it is rebuilt. */
  let ahead: { readonly checkpoint: bigint; readonly head: bigint } | undefined;

  const context = () => withSignal(background(), aborting.signal);

  /** Reads until stopped, or until it must start again, which it logs. Rejects on failure. */
  async function read(): Promise<void> {
    const place = await options.place(context());
    await refuseForeign(place);
    let { position } = place;
    position = await fillFromLog(position);
    const ending = new AbortController();
    reader = readStream({
      connection: options.connection,
      stream: ORDERS_STREAM,
      startAfter: position,
      maxBatch,
      signal: AbortSignal.any([stopping.signal, ending.signal]),
      logger,
      ...(options.meter !== undefined && { meter: options.meter }),
    });
    problem = undefined;
    begun = true;
    // Another instance may have projected everything meanwhile, and then no batch would clear this.
    if (standstill !== undefined && position === (await log.head(context())))
      standstill = undefined;
    let waitsSince: number | undefined = performance.now();
    const stopWatching = watchStandstill({
      checkpoint: () => options.checkpoint(context()),
      head: () => log.head(context()),
      waiting: () => (waitsSince === undefined ? undefined : { position, since: waitsSince }),
      lookMs,
      stuckMs,
      onFault: (why) => {
        logger.warn({ why }, 'the projection is stuck: reading again');
        standstill = why;
        ending.abort();
      },
      logger,
    });
    try {
      for await (const batch of reader) {
        waitsSince = undefined;
        const now = await take(batch, position);
        if (now < position) {
          logger.warn({ checkpoint: `${now}` }, 'the checkpoint was moved back: reading again');
          return;
        }
        if (now > position) standstill = undefined;
        position = now;
        waitsSince = performance.now();
      }
    } finally {
      stopWatching();
    }
  }

  /** Projects a batch, or lets another instance do it; resolves with the new checkpoint. */
  async function take(batch: readonly StreamMessage[], from: bigint): Promise<bigint> {
    let position = from;
    let rest = batch;
    for (;;) {
      // Skip what another instance has projected meanwhile.
      const reached = position;
      rest = rest.filter(({ sequence }) => sequence > reached);
      if (rest.length === 0) return position;
      if (standby) {
        // Let the other instance work, so that batches are not folded twice; take over
        // when it stops moving.
        await delay(STANDBY_MS, undefined, { signal: stopping.signal });
        position = await options.checkpoint(context());
        standby = position !== reached;
      } else {
        const projected = await project(reached, rest);
        position = projected.position;
        standby = !projected.applied;
        failures = 0;
      }
      if (position < reached) return position;
    }
  }

  /**
   * Detects a log that was restored to an older state: its next events would be folded into
   * rows of events that no longer exist. If the log has recovered them, all is well again.
   */
  async function refuseForeign({ position, eventId }: Place): Promise<void> {
    // Read after the checkpoint: the log never ends before events that were projected from it.
    const head = await log.head(context());
    const there = await idAt(position, head);
    if (there === undefined || (eventId !== '' && eventId !== there)) {
      ahead = { checkpoint: position, head };
    } else if (eventId !== '' || (ahead !== undefined && position !== ahead.checkpoint)) {
      // Without an id nobody can tell whether a log that has grown since is the same. But
      // nothing is projected now, so if the checkpoint moved, a rebuild moved it.
      ahead = undefined;
    }
    if (ahead === undefined) return;
    const why =
      there === undefined || eventId === ''
        ? `is ahead of the log (at ${ahead.checkpoint}, but the log ends at ${ahead.head})`
        : `ends with event ${eventId} at ${position}, where the log has ${there}`;
    throw new CodedError(
      'precondition_failed',
      'read_model_ahead',
      `The read model ${why}, so it belongs to another log and is not updated. Fill it from this log: npx ordersctl read-model rebuild`,
    );
  }

  /** Id of the log's event at a position, empty at the beginning; undefined if there is none. */
  async function idAt(position: bigint, head: bigint): Promise<string | undefined> {
    if (position === 0n) return '';
    if (position > head) return undefined;
    return (await eventAt(context(), log, position))?.eventId;
  }

  /** If the stream begins after the position to read from, projects the events between from the log. */
  async function fillFromLog(after: bigint): Promise<bigint> {
    const connection = await unlessAborted(options.connection(), stopping.signal);
    const state = await streamState(connection, ORDERS_STREAM);
    const until = (state?.first ?? 0n) - 1n;
    if (state === undefined || until <= after) return after;
    logger.warn(
      { after: `${after}`, until: `${until}` },
      'the stream starts later: reading the log',
    );
    let position = after;
    while (position < until) {
      const from = position;
      for await (const events of missingEvents(context(), log, {
        after: from,
        until,
        limit: maxBatch,
      })) {
        const projected = await endpoints.project(context(), { after: position, events });
        position = projected.position;
        // Another instance is at work: the next page does not continue from its checkpoint.
        if (!projected.applied) break;
      }
      if (position === from) break;
    }
    return position;
  }

  /** Projects one batch, with a span for each of its messages. */
  async function project(after: bigint, messages: readonly StreamMessage[]): Promise<Projected> {
    const events = await eventsOf(context(), log, messages);
    const traced = messages.slice(0, events.length).map((message) => {
      const wire = incoming(message);
      return { wire, ctx: hook.before(contextOf(wire), wire) };
    });
    let outcome: Outcome = { status: 'retried', error: undefined };
    try {
      const projected = await endpoints.project(context(), { after, events });
      outcome = { status: projected.applied ? 'projected' : 'passed over', error: undefined };
      return projected;
    } catch (error) {
      outcome = { status: 'retried', error };
      throw error;
    } finally {
      for (const { ctx, wire } of traced) hook.after(ctx, wire, outcome);
    }
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (signal.aborted) break;
        problem = codedError(error).message;
        const pauseMs = Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** failures++);
        // Processes that start together find each other within a few tries.
        const level = begun || failures > FIRST_FAILURES ? 'error' : 'info';
        logger[level]({ err: error, pauseMs }, 'the projection restarts from its checkpoint');
        await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(
          () => undefined,
        );
      }
    }
    problem = 'stopped';
  }

  return {
    name: 'projection',
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort(new Error('The projection was stopped.'));
      const late = setTimeout(() => aborting.abort(stopping.signal.reason), FINISH_MS);
      await running;
      clearTimeout(late);
    },
    // A read model that waits for its operator recovers without a restart, so the process stays.
    notReady: () => (ahead === undefined ? (problem ?? reader?.notReady()) : undefined),
    degraded: () => (ahead === undefined ? standstill : problem),
  };
}

function incoming(message: StreamMessage): IncomingMessage {
  return {
    subject: message.subject,
    sequence: message.sequence,
    durable: READ_MODEL,
    header: (name) => message.headers?.get(name) || undefined,
  };
}

function contextOf(wire: IncomingMessage): Context {
  return causedBy(background(), {
    correlationId: wire.header('ce-correlationid'),
    eventId: wire.header('ce-id') ?? `${wire.sequence}`,
  });
}
