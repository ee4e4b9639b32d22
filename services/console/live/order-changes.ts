import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { evolve, initialState, isOpen, type OrderStatus } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { readEvent } from '../../../shared/story/order-history.ts';
import { dueMs, type FoldedOrder, type Patience } from '../orders/console-rows.ts';

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
  /** Folds events in, by position. What is `past` is known, and neither told as a change nor counted. */
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

/** Folded orders that are remembered; those that changed longest ago are forgotten first. */
const REMEMBERED = 20_000;
/** Open orders that are counted. More than that stand still together only in an outage. */
const OPEN = 100_000;
const JOURNEYS = 5_000;

interface Kept extends FoldedOrder {
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
  let journeys: number[] = [];
  let accepted = 0;
  let completed = 0;

  function keep(order: Kept): void {
    // A Map keeps the order of insertion: the one that changed last is at its end.
    kept.delete(order.orderId);
    kept.set(order.orderId, order);
    if (kept.size > remembered) kept.delete(kept.keys().next().value ?? '');
    const { orderId, state } = order;
    if (!isOpen(state)) open.delete(orderId);
    else if (open.has(orderId) || (order.whole && open.size < OPEN)) {
      open.set(orderId, {
        status: state.status,
        createdMs: order.createdAt.getTime(),
        changedMs: order.changedAt.getTime(),
      });
    }
  }

  /** What is still known of an open order that was forgotten: enough to see it end. */
  function standing(orderId: string): Kept | undefined {
    const known = open.get(orderId);
    if (known === undefined) return undefined;
    const { status, createdMs, changedMs } = known;
    return {
      orderId,
      state: { ...initialState, status, payment: status === 'Paid' ? 'debited' : 'none' },
      version: 0,
      createdAt: new Date(createdMs),
      changedAt: new Date(changedMs),
      whole: false,
    };
  }

  function fold(before: Kept | undefined, recorded: RecordedEvent): Kept {
    const event = readEvent(recorded, codec);
    const known = event === undefined || event === 'unreadable' ? undefined : event;
    const state = before?.state ?? initialState;
    return {
      orderId: recorded.aggregateId,
      state: known === undefined ? state : evolve(state, known),
      version: Number(recorded.version),
      createdAt: before?.createdAt ?? recorded.createdAt,
      changedAt: recorded.createdAt,
      whole: before?.whole ?? recorded.version === 1n,
    };
  }

  return {
    take(events, past = false) {
      for (const recorded of events) {
        const id = recorded.aggregateId;
        lastOf.set(recorded.eventType, Number(recorded.position));
        const before = kept.get(id) ?? standing(id);
        const order = fold(before, recorded);
        keep(order);
        if (past) continue;
        changed.delete(id);
        changed.add(id);
        if (recorded.version === 1n && isOpen(order.state)) accepted++;
        const ended = before !== undefined && isOpen(before.state) && !isOpen(order.state);
        if (!ended) continue;
        completed++;
        const tookMs = recorded.createdAt.getTime() - order.createdAt.getTime();
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
      for (const event of events) order = fold(order, event);
      if (order !== undefined) keep(order);
    },

    look(most) {
      const ids = most === 0 ? [] : [...changed].slice(-most).reverse();
      const newest = ids.flatMap((id) => kept.get(id) ?? []);
      const found = {
        newest,
        partly: newest.filter(({ whole }) => !whole).map(({ orderId }) => orderId),
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
      journeys = [];
    },

    of: (ids) => ids.flatMap((id) => (kept.get(id)?.whole ? (kept.get(id) ?? []) : [])),

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
