/**
 * What people decide about an order that stands in the log: the customer
 * cancels it, the restaurant takes it or does not. A decision holds for the
 * version it saw and is taken again when the order has moved, so of two that
 * race the log's version tells the loser, and the loser is told.
 */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import {
  type Decision,
  type OrderCommand,
  type OrderState,
  orderDecider,
} from '../../shared/domain/order.ts';
import { commandHandler, type HandleRequest } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { type Context, withTimeLeft } from '../../shared/kit/context.ts';
import { CodedError, isKind } from '../../shared/kit/errors.ts';
import type { OrderToDecide } from './views/order-query.ts';
import { matches, type Versions, versionMismatch } from './views/order-version.ts';
import { type OrderView, viewOf } from './views/order-view.ts';
import type { RecentWrites } from './views/recent-writes.ts';

/** An order that is to be cancelled. */
export interface Cancellation extends OrderToDecide {
  /** The customer need not say. */
  readonly reason?: string | undefined;
}

/** An order that is to be turned down. */
export interface Rejection extends OrderToDecide {
  readonly reason: string;
}

/** An order after somebody's decision. */
export interface DecidedOrder {
  readonly order: OrderView;
  /** False where it was so already, and nothing was appended. */
  readonly changed: boolean;
}

/**
 * All three may be called again: what is so already is no error, and is answered
 * with the order as it is. They reject with `not_found` (code `order_not_found`);
 * with `conflict` where the order does not allow it (code `order_ended`, or
 * `order_not_paid` before its payment is known), or where it kept moving (code
 * `order_moving`, nothing was done); with `precondition_failed` (code
 * `version_mismatch`, nothing was done) where the decision would be taken at
 * another version than `ifMatch` names (default: any). One that was taken at such
 * a version is taken: asked again, it is answered with the order. After `unavailable` it is not known whether
 * it was decided: call again.
 */
export interface OrderDecisions {
  /** Ends an order that is Pending or Paid. */
  cancel(ctx: Context, request: Cancellation): Promise<DecidedOrder>;
  /** Takes an order that is Paid. */
  approve(ctx: Context, request: OrderToDecide): Promise<DecidedOrder>;
  /** Turns down an order that is Paid. */
  reject(ctx: Context, request: Rejection): Promise<DecidedOrder>;
}

export interface OrderDecisionsOptions {
  readonly store: AggregateStore;
  /** Its errors are told to people as they are. */
  readonly codec: OrderEventCodec;
  readonly recent: RecentWrites;
  /** For reading, appending and reading again together, in milliseconds; less than a request has. */
  readonly withinMs: number;
}

/** Part of the ids of all events made here: frozen. */
export const HANDLER = 'ordersvc';

/** Who the events say decided. Customers cancel and restaurants review; nobody is asked for a name. */
const decidedBy = {
  cancel: 'customer',
  approve: 'restaurant',
  reject: 'restaurant',
} as const;

/** Why an order was cancelled by a customer who did not say. */
const UNSAID = 'customer_request';

export function createOrderDecisions(options: OrderDecisionsOptions): OrderDecisions {
  const { store, codec, recent, withinMs } = options;
  const orders = commandHandler({
    decider: orderDecider,
    codec,
    aggregateType: ORDER_AGGREGATE,
    store,
  });

  async function decided(
    caller: Context,
    orderId: string,
    command: Extract<OrderCommand, { type: keyof typeof decidedBy }>,
    ifMatch: Versions,
  ): Promise<DecidedOrder> {
    const ctx = withTimeLeft(caller, withinMs);
    const eventId = derivedId(HANDLER, orderId, command.type);
    const request: HandleRequest<OrderState, OrderCommand> = {
      aggregateId: orderId,
      kind: 'decision',
      command: ({ details }, recorded) => {
        if (details !== undefined) mustBeAt(ifMatch, recorded, eventId);
        return command;
      },
      eventId: () => eventId,
    };
    const { decision, appended } = await orders
      .handle(ctx, request)
      .catch((error) => {
        // The same decision by another request, in other words: what it made of the order is there to be read.
        if (isKind(error, 'already_exists')) return orders.handle(ctx, request);
        throw error;
      })
      .catch(tell);
    if (!decision.accepted) throw refusal(decision);
    const events = await store.readAggregate(ctx, orderAggregate(orderId)).catch(tell);
    const order = viewOf(codec, events);
    if (order === undefined) throw new Error(`Order ${orderId} is no longer in the log.`);
    recent.remember(orderId, order.version);
    return { order, changed: appended !== undefined };
  }

  return {
    cancel: (ctx, { orderId, reason = UNSAID, ifMatch }) =>
      decided(ctx, orderId, { type: 'cancel', decidedBy: decidedBy.cancel, reason }, ifMatch),
    approve: (ctx, { orderId, ifMatch }) =>
      decided(ctx, orderId, { type: 'approve', decidedBy: decidedBy.approve }, ifMatch),
    reject: (ctx, { orderId, reason, ifMatch }) =>
      decided(ctx, orderId, { type: 'reject', decidedBy: decidedBy.reject, reason }, ifMatch),
  };
}

/**
 * Throws where the order is at a version that is not wanted, unless the event
 * `eventId`, the decision itself, was recorded at one that is: who asks again
 * because the answer was lost names the version that they decided by.
 */
function mustBeAt(wanted: Versions, recorded: readonly RecordedEvent[], eventId: string): void {
  const version = recorded.at(-1)?.version ?? 0n;
  const taken = recorded.find((event) => event.eventId === eventId);
  if (matches(wanted, version)) return;
  if (taken !== undefined && matches(wanted, taken.version - 1n)) return;
  throw versionMismatch(version);
}

/** The domain's refusal as an error: its codes are the caller's. */
function refusal({ code, message }: Extract<Decision, { accepted: false }>): CodedError {
  return new CodedError(code === 'order_not_found' ? 'not_found' : 'conflict', code, message);
}

/** Throws what the caller should hear of a failure: whether to ask again, and when. */
function tell(cause: unknown): never {
  if (isKind(cause, 'timeout')) {
    throw new CodedError(
      'unavailable',
      'event_store_away',
      'It is unknown whether the order was changed; it is safe to try again.',
      { cause, retryAfterMs: 1_000 },
    );
  }
  if (isKind(cause, 'conflict')) {
    const message = 'The order kept changing and nothing was decided; try again.';
    throw new CodedError('conflict', 'order_moving', message, { cause, retryAfterMs: 1_000 });
  }
  throw cause;
}
