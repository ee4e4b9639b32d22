import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../../shared/contracts/subjects.ts';
import {
  evolve,
  initialState,
  isOpen,
  needsVoid,
  type OrderState,
  type OrderStatus,
} from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { after, readEvent } from '../../../shared/story/order-history.ts';
import { dueMs, type FoldedOrder, type Patience } from '../orders/console-rows.ts';
import { bareEvents, someDetails } from './bare-events.ts';

/** What happened in the log since the last look. */
export interface Changes {
  /** The orders that changed, the last change first, at most as many as asked for. */
  readonly newest: readonly FoldedOrder[];
  /** Ids among the newest of which only later events are known: their first ones are older. */
  readonly partly: readonly string[];
  /** How many changed. */
  readonly changed: number;
}

/** How many orders wait for what. */
export interface OpenOrders {
  readonly Pending: number;
  readonly Paid: number;
  readonly overdue: number;
}

/** The log's orders as far as they were seen, in bounded memory. */
export interface OrderChanges {
  /**
   * Takes events, by position. What is `past` is known, and neither told as a change nor
   * counted. Counts go by the events' types alone: payloads are read only of orders that are
   * looked at.
   */
  take(events: readonly RecordedEvent[], past?: boolean): void;
  /** An order of which only later events were seen, now whole; ignored if it has moved on. */
  complete(orderId: string, events: readonly RecordedEvent[]): void;
  /** Nothing of the log is known any more, as when it is another one. What was counted stays. */
  forget(): void;
  /** What changed since the last call; the newest `most` of it by name. */
  look(most: number): Changes;
  /** The orders of these ids that are remembered and known from their creation on. */
  of(ids: readonly string[]): readonly FoldedOrder[];
  /** Since the beginning: orders that were created, and those of them that ended. */
  readonly accepted: number;
  readonly completed: number;
  /** Milliseconds from creation to end, of orders that ended since the last call; at most 5,000 of them. */
  journeys(): readonly number[];
  open(nowMs: number): OpenOrders;
  /** The position of the last event of each type. */
  readonly lastOf: ReadonlyMap<string, number>;
}

/** Orders that are remembered while more is expected of them; those that changed longest ago are forgotten first. */
const REMEMBERED = 5_000;
/** Open orders that are counted. More than that stand still together only in an outage. */
const OPEN = 100_000;
const JOURNEYS = 5_000;

/** What it takes to decode an event. */
type Raw = Pick<RecordedEvent, 'eventType' | 'aggregateId' | 'data'>;

/** What is known of an order. */
interface Kept {
  readonly orderId: string;
  /** Where it stands by the types of its events, whose payloads few need. */
  at: OrderState;
  /** All of it, after what was decoded of its events. */
  state: OrderState;
  /** Its events since then. */
  raw: Raw[];
  version: number;
  readonly createdAt: Date;
  changedAt: Date;
  /** Its creation was seen. */
  readonly whole: boolean;
}

interface Open {
  readonly status: OrderStatus;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** Nothing was seen yet. */
export function createOrderChanges(
  codec: OrderEventCodec,
  patience: Patience,
  remembered = REMEMBERED,
): OrderChanges {
  const kept = new Map<string, Kept>();
  const open = new Map<string, Open>();
  const lastOf = new Map<string, number>();
  let changed = new Set<string>();
  /** Told as ended at the last look: nothing more is expected of them. */
  let settled: readonly string[] = [];
  let journeys: number[] = [];
  let accepted = 0;
  let completed = 0;

  function keep(order: Kept): void {
    const { orderId, at, createdAt, changedAt, whole } = order;
    // A Map keeps the order of insertion: the one that changed last is at its end.
    kept.delete(orderId);
    kept.set(orderId, order);
    if (kept.size > remembered) kept.delete(kept.keys().next().value ?? '');
    if (!isOpen(at)) open.delete(orderId);
    else if (open.has(orderId) || (whole && open.size < OPEN)) {
      open.set(orderId, {
        status: at.status,
        createdMs: createdAt.getTime(),
        changedMs: changedAt.getTime(),
      });
    }
  }

  /** What is still known of an open order that was forgotten: enough to see it end. */
  function standing(orderId: string): Kept | undefined {
    const known = open.get(orderId);
    if (known === undefined) return undefined;
    const { status, createdMs, changedMs } = known;
    const at: OrderState = {
      ...initialState,
      details: someDetails,
      status,
      payment: status === 'Paid' ? 'debited' : 'none',
    };
    return { ...unknown(orderId, new Date(createdMs), false), at, changedAt: new Date(changedMs) };
  }

  /** `order` after one more event, or a new one. */
  function follow(before: Kept | undefined, recorded: RecordedEvent): Kept {
    const { aggregateId, createdAt, eventType, data, version } = recorded;
    const order = before ?? unknown(aggregateId, createdAt, version === 1n);
    const bare = bareEvents.get(eventType);
    order.at =
      bare === undefined ? after(order.at, readEvent(recorded, codec)) : evolve(order.at, bare);
    if (order.whole) order.raw.push({ eventType, aggregateId, data });
    order.version = Number(version);
    order.changedAt = createdAt;
    return order;
  }

  /** The order as it is now. Decodes what was not decoded yet. */
  function folded(order: Kept): FoldedOrder {
    const { orderId, version, createdAt, changedAt } = order;
    for (const raw of order.raw) order.state = after(order.state, readEvent(raw, codec));
    order.raw = [];
    return { orderId, state: order.state, version, createdAt, changedAt };
  }

  const whole = (id: string): readonly FoldedOrder[] => {
    const order = kept.get(id);
    return order?.whole ? [folded(order)] : [];
  };

  return {
    take(events, past = false) {
      for (const recorded of events) {
        const { aggregateId: id, version, createdAt } = recorded;
        lastOf.set(recorded.eventType, Number(recorded.position));
        if (recorded.aggregateType !== ORDER_AGGREGATE) continue;
        const before = kept.get(id) ?? standing(id);
        const wasOpen = before !== undefined && isOpen(before.at);
        const order = follow(before, recorded);
        keep(order);
        if (past) {
          if (isSettled(order)) kept.delete(id);
          continue;
        }
        changed.delete(id);
        changed.add(id);
        if (version === 1n && isOpen(order.at)) accepted++;
        if (!wasOpen || isOpen(order.at)) continue;
        completed++;
        const tookMs = createdAt.getTime() - order.createdAt.getTime();
        if (journeys.length < JOURNEYS) journeys.push(Math.max(0, tookMs));
      }
    },

    complete(orderId, events) {
      const [first] = events;
      const last = events.at(-1);
      const before = kept.get(orderId);
      if (first === undefined || last === undefined || before === undefined || before.whole) return;
      if (Number(last.version) < before.version) return;
      let order: Kept | undefined;
      for (const event of events) order = follow(order, event);
      if (order !== undefined) keep(order);
    },

    look(most) {
      // Seldom is more heard of one that has ended: it would only fill memory.
      for (const id of settled) if (!changed.has(id)) kept.delete(id);
      settled = [...changed].filter((id) => isSettled(kept.get(id)));
      const ids = most === 0 ? [] : [...changed].slice(-most).reverse();
      const newest = ids.flatMap((id) => kept.get(id) ?? []);
      const found = {
        newest: newest.map(folded),
        partly: newest.filter((order) => !order.whole).map(({ orderId }) => orderId),
        changed: changed.size,
      };
      changed = new Set();
      return found;
    },

    forget() {
      kept.clear();
      open.clear();
      lastOf.clear();
      changed.clear();
      settled = [];
      journeys = [];
    },

    of: (ids) => ids.flatMap(whole),

    lastOf,

    get accepted() {
      return accepted;
    },

    get completed() {
      return completed;
    },

    journeys() {
      const took = journeys;
      journeys = [];
      return took;
    },

    open(nowMs) {
      const count = { Pending: 0, Paid: 0, overdue: 0 };
      for (const { status, ...at } of open.values()) {
        if (status === 'Pending' || status === 'Paid') count[status]++;
        if ((dueMs(status, at, patience) ?? nowMs) < nowMs) count.overdue++;
      }
      return count;
    },
  };
}

/** Nobody has to answer any more. */
const isSettled = (order: Kept | undefined): boolean =>
  order !== undefined &&
  !isOpen(order.at) &&
  !needsVoid(order.at) &&
  order.at.payment !== 'void_requested';

const unknown = (orderId: string, createdAt: Date, whole: boolean): Kept => ({
  orderId,
  at: initialState,
  state: initialState,
  raw: [],
  version: 0,
  createdAt,
  changedAt: createdAt,
  whole,
});
