/**
 * What people can do with orders. Placing one is a single append to the log. Reading
 * one uses the read model's row if it is new enough, and otherwise folds the log.
 * Decisions are in order-decisions.ts.
 */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { type OrderIdFor, orderIdFor } from '../../shared/contracts/order-id.ts';
import { ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import { decide, initialState, type OrderDetails } from '../../shared/domain/order.ts';
import type { EventStore, NewEvent, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { derivedId, newId } from '../../shared/eventstore/ids.ts';
import { metadataOf } from '../../shared/eventstore/metadata.ts';
import { type Context, withTimeLeft } from '../../shared/kit/context.ts';
import { CodedError, isKind, isMachineryFailure } from '../../shared/kit/errors.ts';
import { createJoin } from './joined.ts';
import { noSuchOrder } from './no-such-order.ts';
import { createOrderDecisions, HANDLER, type OrderDecisions } from './order-decisions.ts';
import { asksFor, type OrderRequest } from './order-request.ts';
import { type OrderTexts, plainTexts } from './personal/order-texts.ts';
import type { OrderListQuery } from './views/order-list.ts';
import type { OrderQuery } from './views/order-query.ts';
import type { OrderPage, ReadModel } from './views/order-rows.ts';
import { matches, type Versions, versionMismatch } from './views/order-version.ts';
import { type OrderView, readingForOthers, viewOf } from './views/order-view.ts';
import type { RecentWrites } from './views/recent-writes.ts';
import { type WhileThereOptions, whileThere } from './while-there.ts';

/** An order in the log. */
export interface PlacedOrder {
  readonly order: OrderDetails;
  readonly version: bigint;
  /** An earlier request with the same idempotency key placed it. */
  readonly replayed: boolean;
}

/** An order and how reliable it is. */
export interface FoundOrder {
  readonly order: OrderView;
  readonly source: 'read model' | 'log';
  /** The log, which may have more, could not be read. */
  readonly stale: boolean;
  /** Why the read model could not be read, if it could not. */
  readonly readModelError: unknown;
}

/** Each method is an endpoint. */
export interface OrderService extends OrderDecisions {
  /**
   * Places an order. With an idempotency key it may be called again and gives the first
   * answer, or rejects with `already_exists` (code `idempotency_key_reused`) if the
   * key was used for a different request. After `unavailable` and `timeout` it is unknown
   * whether the order was placed: with the key, call again.
   */
  place(ctx: Context, request: OrderRequest): Promise<PlacedOrder>;

  /**
   * The order that an earlier request with this idempotency key placed, as `place` would
   * show it; undefined if there is none yet. Rejects as `place` does, and places nothing.
   */
  placed(ctx: Context, request: OrderRequest): Promise<PlacedOrder | undefined>;

  /**
   * One order, never older than what was written through this service, unless marked
   * stale; even then never older than `minVersion`, nor at a version that `ifMatch` does
   * not name. Rejects with `not_found` (code `order_not_found`); with
   * `precondition_failed` if the log has no `minVersion` of it (code
   * `version_not_reached`) or has another version than `ifMatch` names (code
   * `version_mismatch`); with an infrastructure failure only if neither the read model
   * nor the log has an acceptable answer.
   */
  get(ctx: Context, query: OrderQuery): Promise<FoundOrder>;

  /** A page of orders. Eventually consistent; it gives the position up to which it is complete. */
  list(ctx: Context, query: OrderListQuery): Promise<OrderPage>;

  /** All events of an order, from the log. Rejects with `not_found` and `precondition_failed` like `get`. */
  history(ctx: Context, query: OrderQuery): Promise<readonly RecordedEvent[]>;
}

export interface OrderServiceOptions {
  readonly store: EventStore;
  /** True while the event store is known to be unreachable. */
  readonly storeAway: () => boolean;
  readonly readModel: ReadModel;
  readonly recent: RecentWrites;
  readonly codec: OrderEventCodec;
  /** How the log has texts about customers; default: as they were written. */
  readonly texts?: OrderTexts;
  /**
   * Limit for one source while another could still answer, in milliseconds; less than
   * half of a request's time.
   */
  readonly patienceMs: number;
  /**
   * After this long, and then again and again, the event store's absence ends an order
   * that waits for it, in milliseconds. Default: twice `patienceMs`.
   */
  readonly awayMs?: number;
  readonly now?: () => Date;
  /** Names the order of a customer's idempotency key. Default: anybody can compute it. */
  readonly orderIdFor?: OrderIdFor;
  /**
   * How it was named before, if orders may have been placed so: each is looked up before a
   * new one is placed with a key, which costs a read.
   */
  readonly earlierOrderIdFor?: OrderIdFor | undefined;
}

/** A read of the log ends before its request does, which leaves time to report what failed. */
const READ_PATIENCES = 2.4;

export function createOrderService(options: OrderServiceOptions): OrderService {
  const { store, readModel, recent, patienceMs, now = () => new Date() } = options;
  const { awayMs = 2 * patienceMs, texts = plainTexts } = options;
  const codec = readingForOthers(options.codec);

  const readLog = (ctx: Context, orderId: string) =>
    store.readAggregate(withTimeLeft(ctx, READ_PATIENCES * patienceMs), orderAggregate(orderId));

  /** `ctx` with its time cut so that another source has its turn. */
  const briefly = (ctx: Context): Context => withTimeLeft(ctx, patienceMs);

  /** The events that place `order`, appended only if there is no such order yet. */
  function placing(ctx: Context, order: OrderDetails): NewEvent[] {
    const decision = decide({ type: 'place', order }, initialState);
    if (!decision.accepted) throw new CodedError('conflict', decision.code, decision.message);
    const metadata = metadataOf(ctx);
    return decision.events.map((event) => ({
      ...codec.encode(event),
      eventId: derivedId(HANDLER, order.orderId, event.type),
      aggregateId: order.orderId,
      aggregateType: ORDER_AGGREGATE,
      metadata,
    }));
  }

  // Many requests with one key would all conflict, and the event store resolves conflicts one by one.
  const join = createJoin<PlacedOrder>();

  /** The order that already has the id, whatever its content; undefined if nothing has it. */
  async function placedBefore(ctx: Context, orderId: string): Promise<PlacedOrder | undefined> {
    const events = await readLog(ctx, orderId);
    if (events.length === 0) return undefined;
    const first = viewOf(codec, events.slice(0, 1));
    if (first === undefined) {
      throw new CodedError(
        'conflict',
        'foreign_order',
        `The id of this order, ${orderId}, already has events that do not start an order: use another Idempotency-Key.`,
      );
    }
    const { details: order, version } = await texts.open(ctx, first);
    return { order, version, replayed: true };
  }

  const { orderIdFor: nameOf = orderIdFor, earlierOrderIdFor: earlierNameOf } = options;
  const idFor = ({ customerId, idempotencyKey }: OrderRequest) =>
    idempotencyKey === undefined ? newId() : nameOf(customerId, idempotencyKey);

  /**
   * The customer's order that an earlier release named. Anybody could take such an id: what
   * is there of others counts for nothing.
   */
  async function namedBefore(
    ctx: Context,
    { customerId, idempotencyKey }: OrderRequest,
  ): Promise<PlacedOrder | undefined> {
    if (idempotencyKey === undefined || earlierNameOf === undefined) return undefined;
    const events = await readLog(ctx, earlierNameOf(customerId, idempotencyKey));
    const stored = viewOf(codec, events.slice(0, 1));
    const first = stored && (await texts.open(ctx, stored));
    if (first?.details.customerId !== customerId) return undefined;
    return { order: first.details, version: first.version, replayed: true };
  }

  /** `placed`, if it is what `request` asks for. */
  function answered(request: OrderRequest, placed: PlacedOrder): PlacedOrder {
    if (placed.replayed && !asksFor(request, placed.order)) {
      throw new CodedError(
        'already_exists',
        'idempotency_key_reused',
        'The Idempotency-Key was already used for another order; use a new key for a new order.',
      );
    }
    recent.remember(placed.order.orderId, placed.version);
    return placed;
  }

  /** A timeout during an outage becomes `unavailable`, which tells the caller when to retry. */
  const outage = (error: unknown, message: string) =>
    isKind(error, 'timeout')
      ? new CodedError('unavailable', 'event_store_away', message, {
          cause: error,
          retryAfterMs: 1_000,
        })
      : error;
  const untilAway: WhileThereOptions = {
    away: options.storeAway,
    everyMs: awayMs,
    failure: () =>
      new CodedError('unavailable', 'event_store_away', UNPLACED, { retryAfterMs: 1_000 }),
  };
  const UNPLACED =
    'Orders cannot be placed at the moment; it is unknown whether this one was. It is safe to try again with the same Idempotency-Key.';
  const UNREAD = 'The order cannot be read at the moment.';

  /** Throws if `version`, from the log, is not acceptable. */
  function mustDo(version: bigint, minVersion: bigint, ifMatch: Versions) {
    if (version < minVersion) {
      const message = `The order is at version ${version}; it has not reached version ${minVersion}.`;
      throw new CodedError('precondition_failed', 'version_not_reached', message);
    }
    if (!matches(ifMatch, version)) throw versionMismatch(version);
  }

  return {
    ...createOrderDecisions({ store, codec, texts, recent, withinMs: 2 * patienceMs }),

    place: async (ctx, request) => {
      const { customerId, restaurantId, items, amount } = request;
      const orderId = idFor(request);
      const createdOn = now().toISOString();
      const order = { orderId, customerId, restaurantId, amount, items, createdOn };
      const place = async (): Promise<PlacedOrder> => {
        try {
          const named = await namedBefore(ctx, request);
          if (named !== undefined) return named;
          const events = placing(ctx, await texts.seal(ctx, order));
          const { version } = await whileThere(ctx, untilAway, (inner) =>
            store.append(inner, { events, expectedVersion: 0n }),
          );
          return { order, version, replayed: false };
        } catch (error) {
          if (!isKind(error, 'conflict', 'already_exists')) throw outage(error, UNPLACED);
          const earlier = await placedBefore(ctx, orderId);
          if (earlier === undefined) throw error;
          return earlier;
        }
      };
      const { value, joined } = await join(orderId, ctx.signal, place);
      return answered(request, { ...value, replayed: joined || value.replayed });
    },

    placed: async (ctx, request) => {
      const orderId = idFor(request);
      const earlier =
        (await join.underway(orderId, ctx.signal)) ??
        (await placedBefore(ctx, orderId)) ??
        (await namedBefore(ctx, request));
      return earlier && answered(request, { ...earlier, replayed: true });
    },

    get: async (ctx, { orderId, minVersion = 0n, ifMatch }) => {
      let row: OrderView | undefined;
      let readModelError: unknown;
      try {
        row = await readModel.find(briefly(ctx), orderId);
      } catch (error) {
        if (!isMachineryFailure(error)) throw error;
        readModelError = error;
      }
      const fromRow = async (order: OrderView, stale: boolean): Promise<FoundOrder> => ({
        order: await texts.open(ctx, order),
        source: 'read model',
        stale,
        readModelError: undefined,
      });
      // A row at another version than asked for is dropped even if the log cannot be read: the order may have moved on.
      if (row !== undefined && row.version < minVersion) row = undefined;
      if (row !== undefined && !matches(ifMatch, row.version)) row = undefined;
      if (row !== undefined && row.version >= recent.version(orderId)) {
        return fromRow(row, options.storeAway());
      }
      try {
        const order = viewOf(codec, await readLog(row === undefined ? ctx : briefly(ctx), orderId));
        if (order === undefined) throw noSuchOrder(orderId);
        mustDo(order.version, minVersion, ifMatch);
        // A caller who saw this version must not see an older row later.
        recent.remember(orderId, order.version);
        const opened = await texts.open(ctx, order);
        return { order: opened, source: 'log', stale: false, readModelError };
      } catch (error) {
        if (row === undefined || !isMachineryFailure(error)) throw outage(error, UNREAD);
        return fromRow(row, true);
      }
    },

    list: async (ctx, query) => {
      const page = await readModel.list(ctx, await texts.asFiled(ctx, query));
      const orders = await Promise.all(page.orders.map((order) => texts.open(ctx, order)));
      return { ...page, orders };
    },

    history: async (ctx, { orderId, minVersion = 0n, ifMatch }) => {
      const events = await readLog(ctx, orderId).catch((error: unknown) => {
        throw outage(error, UNREAD);
      });
      if (events.length === 0) throw noSuchOrder(orderId);
      mustDo(events.at(-1)?.version ?? 0n, minVersion, ifMatch);
      return texts.openEvents(ctx, events);
    },
  };
}
