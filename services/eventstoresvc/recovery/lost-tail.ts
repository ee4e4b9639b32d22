/**
 * Operator actions after the log was restored to an older state while the stream still
 * has the later events: recover them, or give them up. This process does it, because
 * only it writes the log.
 */
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { GiveUp, LogRecovery, LogStanding } from '../../../shared/eventstore/log-recovery.ts';
import { decodeStored } from '../../../shared/eventstore/stored-message.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { StreamMessage } from '../../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import type { Checkpoints } from '../consumers/sql-checkpoints.ts';
import { checkAppend, type EventLimits } from '../log/event-rules.ts';
import type { GroupCommit } from '../log/group-commit.ts';
import type { EventLog } from '../log/sql-log.ts';
import { lastAgreed, observe } from '../relay/compare.ts';
import type { PublishedStream } from '../relay/published-stream.ts';
import { judge, mayGrow } from '../relay/verdict.ts';

export interface LostTailOptions {
  readonly log: EventLog;
  readonly stream: PublishedStream;
  readonly commits: GroupCommit;
  readonly checkpoints: Checkpoints;
  readonly limits: EventLimits;
  /** Called when the state of log and stream has changed. */
  readonly changed: (head: bigint) => void;
}

/** Events that can be written back, and why the next one cannot. */
interface Readable {
  readonly events: readonly RecordedEvent[];
  readonly wrong: unknown;
}

/** If a message does not arrive within this time, in milliseconds, the stream lacks it. */
const MESSAGE_MS = 10_000;

export function createLostTail(options: LostTailOptions): LogRecovery {
  const { log, stream, commits, checkpoints, limits, changed } = options;

  async function standing(ctx: Context): Promise<LogStanding> {
    const observed = await observe(ctx, log, stream);
    const { head } = observed;
    const { last: streamLast } = observed.stream;
    const verdict = judge(observed);
    const why = verdict.kind === 'follow' ? '' : verdict.why;
    // The setback is now known, and appends are refused for it.
    if (!mayGrow(verdict)) log.rebase(head);
    switch (verdict.kind) {
      case 'follow':
      case 'remake':
        return {
          kind: 'follows',
          head,
          agreed: head < streamLast ? head : streamLast,
          streamLast,
          why,
        };
      case 'behind':
        return { kind: 'behind', head, agreed: head, streamLast, why };
      default: {
        const limit = head < streamLast ? head : streamLast;
        const agreed = await lastAgreed(ctx, log, stream, limit);
        const kind = verdict.kind === 'differs' ? 'differs' : 'refused';
        return { kind, head, agreed, streamLast, why };
      }
    }
  }

  /** The stream's messages after `position` up to `last`. */
  async function* messages(
    ctx: Context,
    position: bigint,
    last: bigint,
  ): AsyncGenerator<readonly StreamMessage[], void, undefined> {
    if (position >= last) return;
    const silent = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), MESSAGE_MS);
    };
    let reached = position;
    try {
      wait();
      for await (const batch of stream.read(
        position,
        AbortSignal.any([ctx.signal, silent.signal]),
      )) {
        clearTimeout(timer);
        yield batch.filter(({ sequence }) => sequence <= last);
        reached = batch.at(-1)?.sequence ?? reached;
        if (reached >= last) return;
        wait();
      }
    } finally {
      clearTimeout(timer);
    }
    ctx.signal.throwIfAborted();
    throw incomplete(reached + 1n, 'the stream does not have it');
  }

  /** Decodes a message of ours. Throws if it cannot have come from the log. */
  function eventOf(message: StreamMessage): RecordedEvent {
    try {
      const event = decodeStored(message);
      const ofBefore = { ...limits, stoodBefore: true };
      checkAppend({ events: [event], expectedVersion: undefined }, ofBefore);
      return event;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it cannot be read';
      throw incomplete(message.sequence, why, cause);
    }
  }

  /**
   * The leading events that continue their aggregates, and why the next one does not: an
   * event missing now would be missing for ever.
   */
  async function following(ctx: Context, events: readonly RecordedEvent[]): Promise<Readable> {
    const batch = events.map((event) => ({ events: [event], expectedVersion: undefined }));
    const { versions, known } = await log.snapshot(ctx, batch);
    const last = new Map(versions);
    for (const [index, event] of events.entries()) {
      const { position, eventId, aggregateType, aggregateId, version } = event;
      const aggregate = `${aggregateType}\n${aggregateId}`;
      const next = (last.get(aggregate) ?? 0n) + 1n;
      const why = known.has(eventId)
        ? `the log has its event ${eventId} elsewhere`
        : version === next
          ? undefined
          : `it is version ${version} of ${aggregateType} ${aggregateId}, whose next is ${next}`;
      if (why !== undefined) {
        return { events: events.slice(0, index), wrong: incomplete(position, why) };
      }
      last.set(aggregate, version);
    }
    return { events, wrong: undefined };
  }

  /** The events of the leading messages, and why the next one cannot be from the log. */
  function eventsOf(batch: readonly StreamMessage[]): Readable {
    const events: RecordedEvent[] = [];
    for (const message of batch) {
      try {
        events.push(eventOf(message));
      } catch (wrong) {
        return { events, wrong };
      }
    }
    return { events, wrong: undefined };
  }

  async function* lostEvents(
    ctx: Context,
  ): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
    const { kind, agreed, streamLast } = await standing(ctx);
    if (kind !== 'behind' && kind !== 'differs') return;
    for await (const batch of messages(ctx, agreed, streamLast)) {
      const events = batch.flatMap((message) => {
        try {
          return [decodeStored(message)];
        } catch {
          // A foreign message: the log never had it.
          return [];
        }
      });
      const asked = events.map((event) => ({ events: [event], expectedVersion: undefined }));
      const { known } = await log.snapshot(ctx, asked);
      const lost = events.filter(({ eventId }) => !known.has(eventId));
      if (lost.length > 0) yield lost;
    }
  }

  async function* recover(ctx: Context): AsyncGenerator<bigint, void, undefined> {
    const { kind, head, streamLast, why } = await standing(ctx);
    if (kind !== 'behind') throw nothingToRecover(kind, why);
    for await (const batch of messages(ctx, head, streamLast)) {
      const read = eventsOf(batch);
      // Events before a wrong one are recovered all the same.
      const { position, wrong } = await write(ctx, read.events);
      if (position !== undefined) {
        changed(position);
        yield position;
      }
      if (wrong ?? read.wrong) throw wrong ?? read.wrong;
    }
  }

  /** Writes the events that nobody else has written meanwhile, up to one that is wrong. */
  async function write(
    ctx: Context,
    events: readonly RecordedEvent[],
  ): Promise<{ readonly position: bigint | undefined; readonly wrong: unknown }> {
    const head = await log.head(ctx);
    const id = head === 0n ? undefined : await log.idAt(ctx, head);
    const same = events.find(({ position }) => position === head);
    if (same !== undefined && same.eventId !== id) {
      return { position: undefined, wrong: incomplete(head, `the log has the event ${id} there`) };
    }
    const rest = events.filter(({ position }) => position > head);
    const { events: good, wrong } = await following(ctx, rest);
    // Another writer is at work: what was read is out of date.
    if (wrong !== undefined && (await log.head(ctx)) !== head) return write(ctx, events);
    if (!(await log.restore(ctx, good))) return write(ctx, events);
    return { position: good.at(-1)?.position ?? same?.position, wrong };
  }

  /** Throws unless log and stream are as the operator saw them. */
  async function checkLooked(ctx: Context, looked: Omit<GiveUp, 'events'>): Promise<void> {
    const now = await standing(ctx);
    const same = now.agreed === looked.agreed && now.streamLast === looked.streamLast;
    if (same && (now.kind === 'behind' || now.kind === 'differs')) return;
    throw new CodedError(
      'precondition_failed',
      'tail_moved',
      `Log or stream has changed since you looked: they agree up to ${now.agreed} and the stream ends at ${now.streamLast} (${now.kind}); before, it was ${looked.agreed} and ${looked.streamLast}. Look again.`,
    );
  }

  return {
    standing,
    lostEvents: async (ctx) => lostEvents(ctx),
    recover: async (ctx) => recover(ctx),

    giveUp: async (ctx, { events, ...looked }) => {
      await checkLooked(ctx, looked);
      for (const event of events)
        checkAppend({ events: [event], expectedVersion: undefined }, limits);
      const appends = events.map((event) => ({ events: [event], expectedVersion: undefined }));
      await Promise.all(appends.map((append) => commits.append(ctx, append, 'answers')));
    },

    discard: async (ctx, { resumeAfter, ...looked }) => {
      await checkLooked(ctx, looked);
      await checkpoints.goBack(ctx, resumeAfter < looked.agreed ? resumeAfter : looked.agreed);
      await stream.remake();
      changed(await log.head(ctx));
    },
  };
}

const incomplete = (position: bigint, why: string, cause?: unknown) =>
  new CodedError(
    'precondition_failed',
    'tail_incomplete',
    `The stream's message ${position} cannot be written back: ${why}. Events before it are in the log; you can only give up the rest.`,
    { cause },
  );

const nothingToRecover = (kind: LogStanding['kind'], why: string) =>
  new CodedError(
    'precondition_failed',
    'nothing_to_recover',
    kind === 'follows'
      ? 'The log has every event that the stream has.'
      : `The stream's events cannot be written back: ${why}.`,
  );
