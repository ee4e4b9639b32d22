import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import { needsVoid } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { dueNow } from '../../shared/process-manager/deadline-rules.ts';
import type { Deadline, Deadlines } from '../../shared/process-manager/deadlines.ts';
import { type DeadlineChange, groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { followedTypes } from './saga/followed-types.ts';
import type { DeadlineTimes } from './saga/order-deadlines.ts';
import { type DeadlineKind, deadlineKinds } from './saga/saga.ts';
import { type Folded, foldedAfter, foldStanding } from './saga/standing.ts';
import { deadlineChange } from './service.ts';

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
  deadlines: Pick<Deadlines<DeadlineKind>, 'put' | 'remove'>,
  { times, codec, onProgress = () => undefined }: RebuildOptions,
): Promise<Rebuilt> {
  const writes = groupedWrites(deadlines);
  const unreadable: string[] = [];
  let events = 0;
  let last = new Map<string, RecordedEvent>();

  async function changeAfter(event: RecordedEvent): Promise<DeadlineChange<DeadlineKind>> {
    const orderId = event.aggregateId;
    const usual = foldedAfter(event);
    if (usual !== undefined) return deadlineChange(orderId, usual, times);
    const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
    const { change, folded } = wantedChange(codec, orderId, recorded, times);
    if (folded.spoilt && unreadable.length < MAX_NAMED) unreadable.push(orderId);
    return change;
  }

  /** The last event of each order decides; what came before it in the chunk is covered. */
  async function flush(): Promise<void> {
    const changes: DeadlineChange<DeadlineKind>[] = [];
    for (const event of last.values()) {
      changes.push(await changeAfter(event));
    }
    last = new Map();
    await Promise.all(changes.map((change) => writes.write(change)));
    onProgress(events);
  }

  for await (const event of await store.stream(ctx, {
    aggregateType: ORDER_AGGREGATE,
    eventTypes: followedTypes,
  })) {
    last.set(event.aggregateId, event);
    if (++events % CHUNK === 0) await flush();
  }
  await flush();
  return { events, unreadable };
}

/** What is to become of the deadlines of the order with these events, whatever they are now. */
function wantedChange(
  codec: OrderEventCodec,
  orderId: string,
  recorded: readonly RecordedEvent[],
  times: DeadlineTimes,
): { readonly change: DeadlineChange<DeadlineKind>; readonly folded: Folded } {
  const folded = foldStanding(codec, recorded);
  const last = lastFollowed(recorded);
  // The void may have been given up: a deadline that is due finds that out and
  // asks for it.
  const change =
    needsVoid(folded.state) && last !== undefined
      ? { put: [dueNow(last, 'payment')], remove: [] }
      : deadlineChange(orderId, folded, times);
  return { change, folded };
}

const lastFollowed = (recorded: readonly RecordedEvent[]): RecordedEvent | undefined =>
  recorded.findLast(({ eventType }) => followedTypes.includes(eventType));

/** What an order has of deadlines when the coordinator is done with it. */
export interface Owed {
  readonly deadlines: readonly Deadline<DeadlineKind>[];
  /** Its void is still to be asked for; a deadline that is due may be there for that. */
  readonly owesVoid: boolean;
  /** The last event that the coordinator follows; undefined where there is none. */
  readonly followed: RecordedEvent | undefined;
}

/** The deadlines that the log gives the order with these events, all of them. Pure. */
export function owedDeadlines(
  codec: OrderEventCodec,
  orderId: string,
  recorded: readonly RecordedEvent[],
  times: DeadlineTimes,
): Owed {
  const folded = foldStanding(codec, recorded);
  return {
    deadlines: deadlineChange(orderId, folded, times).put,
    owesVoid: needsVoid(folded.state),
    followed: lastFollowed(recorded),
  };
}

/**
 * Sets and clears the deadlines of one order as the log has it, those of kinds
 * that it does not wait for too. With `asksNow` a void that is owed, or was asked
 * for and not answered, is asked for by the coordinator at once, and not when it
 * would be due. While the coordinator runs, and repeated, it is as harmless as a
 * rebuild.
 */
export async function rebuildOrder(
  ctx: Context,
  store: Pick<EventStore, 'readAggregate'>,
  deadlines: Pick<Deadlines<DeadlineKind>, 'put' | 'remove'>,
  orderId: string,
  {
    times,
    codec,
    asksNow = false,
  }: Pick<RebuildOptions, 'times' | 'codec'> & { asksNow?: boolean },
): Promise<void> {
  const recorded = await store.readAggregate(ctx, orderAggregate(orderId));
  const { change, folded } = wantedChange(codec, orderId, recorded, times);
  const asked = folded.since.void;
  const put = change.put.map((deadline) =>
    asksNow && deadline.kind === 'void' && asked !== undefined ? dueNow(asked, 'void') : deadline,
  );
  const kinds = deadlineKinds.filter((kind) => !put.some((deadline) => deadline.kind === kind));
  if (put.length > 0) await deadlines.put(ctx, put);
  await deadlines.remove(
    ctx,
    kinds.map((kind) => ({ aggregateId: orderId, kind })),
  );
}
