/**
 * The stream as the projection reads it: in order, from the read model's own
 * checkpoint, without a durable. Batches come in, one endpoint is called; there
 * is nothing to acknowledge, for the checkpoint moves with the rows.
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
  /** The connection as it is now, waiting for it if need be; see `connectNats`. */
  readonly connection: () => Promise<NatsConnection>;
  /** Where the read model stands. */
  readonly checkpoint: (ctx: Context) => Promise<bigint>;
  /** The same, with the event that it ends with. */
  readonly place: (ctx: Context) => Promise<Place>;
  /** Where events are had from that the stream does not have. */
  readonly log: Log;
  readonly hook: Hook<IncomingMessage>;
  /** Most events in one batch. */
  readonly maxBatch: number;
  /** While nothing arrives, between two comparisons with the log's head. Default 3,000. */
  readonly lookMs?: number;
  /** The log is ahead and nothing moves: after this the reading begins again. Default 10,000. */
  readonly stuckMs?: number;
  readonly logger: Logger;
  readonly meter?: Meter;
}

/** So many failures before it has ever begun are no error yet. */
const FIRST_FAILURES = 4;
/** After a failure, before beginning again at the checkpoint: from half of the first, doubling up to the last. */
const PAUSE_MS = { first: 200, longest: 5_000 };
/** Another instance that moved nothing for so long is not at work any more. */
const STANDBY_MS = 100;
/** How long `stop` lets a batch finish before it is aborted; that would be harmless, only louder. */
const FINISH_MS = 3_000;

/**
 * Reads from start to stop; whatever fails, it begins again where the read model
 * stands. A read model that is ahead of the log is of another log, or of one that
 * was lost: nothing is projected onto it until somebody has rebuilt it.
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
  /** Why nothing moved for so long that the reading began again; until something does. */
  let standstill: string | undefined;
  /** Found to be ahead of the log, and not rebuilt since. */
  let ahead: { readonly checkpoint: bigint; readonly head: bigint } | undefined;

  const context = () => withSignal(background(), aborting.signal);

  /** Reads until it stops, or has to begin again: that was said. Rejects with what failed. */
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
    // Another instance may have done it all meanwhile: then nothing comes here that could clear it.
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

  /** Projects a batch, or lets another instance do it; resolves with the checkpoint then. */
  async function take(batch: readonly StreamMessage[], from: bigint): Promise<bigint> {
    let position = from;
    let rest = batch;
    for (;;) {
      // What another instance has projected meanwhile is passed over.
      const reached = position;
      rest = rest.filter(({ sequence }) => sequence > reached);
      if (rest.length === 0) return position;
      if (standby) {
        // Let it work, so that not every batch is worked out twice; where it
        // stands still, take over.
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
   * As after the log was restored to an older state: what comes next would be folded
   * into rows of events that are no more. Where it has them back, all is as it was.
   */
  async function refuseForeign({ position, eventId }: Place): Promise<void> {
    // Read after the checkpoint: the log never ends before what was projected from it.
    const head = await log.head(context());
    const there = await idAt(position, head);
    if (there === undefined || (eventId !== '' && eventId !== there)) {
      ahead = { checkpoint: position, head };
    } else if (eventId !== '' || (ahead !== undefined && position !== ahead.checkpoint)) {
      // Without an id nobody knows whether a log that has grown since is the same. A
      // checkpoint that somebody moved, although nothing is projected, is a rebuild's.
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

  /** Id of the log's event at a position, empty for the beginning; undefined where it has none. */
  async function idAt(position: bigint, head: bigint): Promise<string | undefined> {
    if (position === 0n) return '';
    if (position > head) return undefined;
    return (await eventAt(context(), log, position))?.eventId;
  }

  /** Where the stream begins later than the reading should, the events between come from the log. */
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
        // Another instance is at it: what comes next is not what follows its checkpoint.
        if (!projected.applied) break;
      }
      if (position === from) break;
    }
    return position;
  }

  /** One batch, with a span for each of its messages. */
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
        // Processes that start together find each other after a try or two.
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
    // One that waits for its operator goes on by itself afterwards: no reason to end the process.
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
