import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { needsVoid } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { type Deadlines, type DeadlineTimes, deadlineSince } from './deadlines.ts';
import { type DeadlineChange, groupedWrites } from './grouped-writes.ts';
import { deadlineChange } from './service.ts';
import { foldedAfter, foldStanding } from './standing.ts';
import { followedTypes } from './transport-jetstream.ts';

export interface RebuildOptions {
  readonly times: DeadlineTimes;
  readonly codec: OrderEventCodec;
  /** Told now and then how many events have been read. */
  readonly onProgress?: (events: number) => void;
}

/** What a rebuild came to. */
export interface Rebuilt {
  readonly events: number;
  /** Orders that were folded without an event which could not be read. */
  readonly unreadable: readonly string[];
}

/** Events held at once. */
const CHUNK = 1_000;
/** Orders named in the result, at most. */
const MAX_NAMED = 100;

/**
 * Sets and clears the deadlines of every order in the log, in bounded memory.
 * The coordinator may run meanwhile: what is set too late finds nothing to do
 * when it fires, and at no moment is a deadline missing that was there. May be
 * called again. Rejects with what the store and the table reject with.
 */
export async function rebuildDeadlines(
  ctx: Context,
  store: Pick<EventStore, 'stream' | 'readAggregate'>,
  deadlines: Pick<Deadlines, 'put' | 'remove'>,
  { times, codec, onProgress = () => undefined }: RebuildOptions,
): Promise<Rebuilt> {
  const writes = groupedWrites(deadlines);
  const unreadable: string[] = [];
  let events = 0;
  let last = new Map<string, RecordedEvent>();

  async function changeAfter(event: RecordedEvent): Promise<DeadlineChange> {
    const orderId = event.aggregateId;
    const usual = foldedAfter(event);
    if (usual !== undefined) return deadlineChange(orderId, usual, times);
    const recorded = await store.readAggregate(ctx, ORDER_AGGREGATE, orderId);
    const folded = foldStanding(codec, recorded);
    if (folded.spoilt && unreadable.length < MAX_NAMED) unreadable.push(orderId);
    // The void may have been given up: a deadline that is due finds that out and
    // asks for it, whatever its worker was given.
    if (needsVoid(folded.state)) {
      return { put: [{ ...deadlineSince(event, 'payment', 0, 0), position: 0n }], remove: [] };
    }
    return deadlineChange(orderId, folded, times);
  }

  /** The last event of each order decides; what came before it in the chunk is covered. */
  async function flush(): Promise<void> {
    const changes: DeadlineChange[] = [];
    for (const event of last.values()) {
      changes.push(await changeAfter(event));
    }
    last = new Map();
    await Promise.all(changes.map((change) => writes.write(change)));
    onProgress(events);
  }

  for await (const event of store.stream(ctx, {
    aggregateType: ORDER_AGGREGATE,
    eventTypes: followedTypes,
  })) {
    last.set(event.aggregateId, event);
    if (++events % CHUNK === 0) await flush();
  }
  await flush();
  return { events, unreadable };
}
