/**
 * The event store: the same interface that its clients see over the network
 * (shared/eventstore/event-store.ts), on the log in SQL.
 */
import type {
  EventFilter,
  EventStore,
  RecordedEvent,
} from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import { checkAppend, type EventLimits } from './event-rules.ts';
import type { GroupCommit } from './group-commit.ts';
import type { EventLog } from './log.ts';
import {
  checkRequest,
  consumerProblem,
  deliveriesProblem,
  idsProblems,
  invalidRequest,
  limitProblem,
  MAX_PAGE,
  positionProblem,
} from './request-rules.ts';

/** Rows in one round trip while streaming, unless they are large: a slow reader holds no more than this. */
const STREAM_PAGE = 500;
/** Deliveries are 32 bits in the contract; an advisory of the broker may tell of any number. */
const MAX_DELIVERIES = 2 ** 31 - 1;

/**
 * Dependencies first, limits last; the creator closes what it passes in.
 *
 * @param published up to where the stream is known to be a copy of the log
 */
export function createService(
  log: EventLog,
  commits: GroupCommit,
  checkpoints: Checkpoints,
  deadLetters: DeadLetters,
  published: () => bigint,
  limits: EventLimits,
): EventStore {
  const service: EventStore = {
    append: async (ctx, events, expectedVersion) => {
      const append = { events, expectedVersion };
      checkAppend(append, limits);
      return commits.append(ctx, append);
    },

    readAggregate: async (ctx, aggregateType, aggregateId) => {
      const events: RecordedEvent[] = [];
      for await (const event of service.stream(ctx, { aggregateType, aggregateId })) {
        events.push(event);
      }
      return events;
    },

    read: async (ctx, filter, limit) => {
      checkRequest(
        positionProblem('after_position', filter.afterPosition ?? 0n, 0n),
        limitProblem(limit),
      );
      const { events, more } = await log.read(ctx, filter, limit);
      return { events, nextPosition: more ? events.at(-1)?.position : undefined };
    },

    async *stream(ctx: Context, filter: EventFilter): AsyncGenerator<RecordedEvent> {
      checkRequest(positionProblem('after_position', filter.afterPosition ?? 0n, 0n));
      // Bounded by the head as it is now: what is appended meanwhile is the next reading's.
      const head = await log.head(ctx);
      let after = filter.afterPosition ?? 0n;
      for (;;) {
        const { events, more } = await log.read(
          ctx,
          { ...filter, afterPosition: after },
          STREAM_PAGE,
        );
        for (const event of events) {
          if (event.position > head) return;
          yield event;
        }
        if (!more) return;
        after = events.at(-1)?.position ?? after;
      }
    },

    head: (ctx) => log.head(ctx),

    saveCheckpoint: async (ctx, consumer, position) => {
      checkRequest(consumerProblem(consumer), positionProblem('position', position, 0n));
      // A consumer counts in the stream. Where that is no copy of the log (after
      // a restored backup, or with foreign messages in it), what it is done with
      // there says nothing of the events that the log has at those positions.
      if (position > published()) {
        throw new CodedError(
          'precondition_failed',
          'not_published',
          `Position ${position} is not known to be in the stream as the log has it; save it later.`,
        );
      }
      await checkpoints.save(ctx, consumer, position);
    },

    getCheckpoint: async (ctx, consumer) => {
      checkRequest(consumerProblem(consumer));
      return checkpoints.get(ctx, consumer);
    },

    park: async (ctx, letter) => {
      checkRequest(consumerProblem(letter.consumer), deliveriesProblem(letter.deliveries));
      const head = await log.head(ctx);
      if (letter.position < 1n || letter.position > head) {
        const message = `is ${letter.position}, and the log goes from 1 to ${head}`;
        throw invalidRequest([{ field: 'position', message }]);
      }
      await deadLetters.park(ctx, {
        ...letter,
        deliveries: Math.min(letter.deliveries, MAX_DELIVERIES),
        eventId: storable(letter.eventId, 200),
        reason: storable(letter.reason, 128),
        lastError: storable(letter.lastError, 1_000),
        traceparent: storable(letter.traceparent, 64),
      });
    },

    deadLetters: async (ctx, filter, limit) => {
      checkRequest(
        ...idsProblems('event_ids', filter.eventIds ?? [], MAX_PAGE),
        limitProblem(limit),
      );
      return deadLetters.list(ctx, filter, limit);
    },

    requestReplay: async (ctx, consumer, position) => {
      checkRequest(consumerProblem(consumer));
      const letter = await deadLetters.request(ctx, consumer, position);
      if (letter !== undefined) return letter;
      const [resolved] = await deadLetters.list(ctx, { consumer, position }, 1);
      if (resolved === undefined) {
        throw new CodedError(
          'not_found',
          'letter_not_found',
          `There is no dead letter of ${consumer} at position ${position}.`,
        );
      }
      throw new CodedError(
        'conflict',
        'letter_resolved',
        `The dead letter of ${consumer} at position ${position} is resolved: its event was served.`,
      );
    },

    takeReplays: async (ctx, consumer, limit) => {
      checkRequest(consumerProblem(consumer), limitProblem(limit));
      return deadLetters.take(ctx, consumer, limit);
    },

    resolveReplay: async (ctx, consumer, position) => {
      checkRequest(consumerProblem(consumer));
      await deadLetters.resolve(ctx, consumer, position);
    },
  };
  return service;
}

/** What went wrong may be anything; SQL text cannot hold a NUL, nor a list of letters texts without end. */
const storable = (text: string, length: number): string =>
  text.replaceAll('\0', '\uFFFD').slice(0, length);
