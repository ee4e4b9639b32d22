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

/** Most events that one page holds. */
export const MAX_PAGE = 1_000;
/** Payload bytes after which a page ends early, well under gRPC's limit of 4 MiB a message. */
const PAGE_BYTES = 2 * 1024 * 1024;
/** Rows in one round trip while streaming: a slow reader holds no more than this. */
const STREAM_PAGE = 500;

/** Dependencies first, limits last; the creator closes what it passes in. */
export function createService(
  log: EventLog,
  commits: GroupCommit,
  checkpoints: Checkpoints,
  deadLetters: DeadLetters,
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
      checkPosition(filter.afterPosition);
      if (limit < 1 || limit > MAX_PAGE) {
        throw invalid('limit', `is ${limit}, and must be from 1 to ${MAX_PAGE}`);
      }
      // One more than asked for tells whether there is more.
      const found = await log.read(ctx, filter, limit + 1);
      const events = withinBytes(found.slice(0, limit));
      return {
        events,
        nextPosition: events.length < found.length ? events.at(-1)?.position : undefined,
      };
    },

    async *stream(ctx: Context, filter: EventFilter): AsyncGenerator<RecordedEvent> {
      checkPosition(filter.afterPosition);
      // Bounded by the head as it is now: what is appended meanwhile is the next reading's.
      const head = await log.head(ctx);
      let after = filter.afterPosition ?? 0n;
      for (;;) {
        const page = await log.read(ctx, { ...filter, afterPosition: after }, STREAM_PAGE);
        for (const event of page) {
          if (event.position > head) return;
          yield event;
        }
        const last = page.at(-1);
        if (last === undefined || page.length < STREAM_PAGE) return;
        after = last.position;
      }
    },

    head: (ctx) => log.head(ctx),

    saveCheckpoint: async (ctx, consumer, position) => {
      checkConsumer(consumer);
      const head = await log.head(ctx);
      if (position < 0n || position > head) {
        throw invalid('position', `is ${position}, and the log ends at ${head}`);
      }
      await checkpoints.save(ctx, consumer, position);
    },

    getCheckpoint: async (ctx, consumer) => {
      checkConsumer(consumer);
      return checkpoints.get(ctx, consumer);
    },

    park: async (ctx, letter) => {
      checkConsumer(letter.consumer);
      // What went wrong may be anything; SQL text cannot hold a NUL.
      await deadLetters.park(ctx, {
        ...letter,
        lastError: letter.lastError.replaceAll('\0', '\uFFFD').slice(0, 2_000),
      });
    },

    deadLetters: async (ctx, consumer, limit) => {
      if (limit < 1 || limit > MAX_PAGE) {
        throw invalid('limit', `is ${limit}, and must be from 1 to ${MAX_PAGE}`);
      }
      return deadLetters.list(ctx, consumer, limit);
    },
  };
  return service;
}

/** As many from the start as fit into a message; at least one, for one always fits. */
function withinBytes(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    bytes += Buffer.byteLength(event.data) + 1_000;
    if (index > 0 && bytes > PAGE_BYTES) return events.slice(0, index);
  }
  return events;
}

function checkPosition(position: bigint | undefined): void {
  if (position !== undefined && position < 0n) {
    throw invalid('after_position', `is ${position}, and must not be negative`);
  }
}

function checkConsumer(consumer: string): void {
  if (!/^[\w.-]{1,128}$/.test(consumer)) {
    throw invalid('consumer', 'must be 1 to 128 letters, digits, dots, dashes or underscores');
  }
}

function invalid(field: string, message: string): CodedError {
  return new CodedError(
    'invalid',
    'invalid_request',
    `The request is not valid: ${field} ${message}.`,
    {
      problems: [{ field, message }],
    },
  );
}
