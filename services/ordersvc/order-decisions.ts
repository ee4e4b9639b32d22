/**
 * People's decisions about an order: the customer cancels it, the restaurant approves
 * or rejects it. A decision is made on one version and made again when the order has
 * moved. When two race, the log's version check makes one lose, and the loser is told.
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
import { type OrderTexts, plainTexts } from './personal/order-texts.ts';
import type { OrderToDecide } from './views/order-query.ts';
import { matches, type Versions, versionMismatch } from './views/order-version.ts';
import { type OrderView, viewOf } from './views/order-view.ts';
import type { RecentWrites } from './views/recent-writes.ts';

/** An order to cancel. */
export interface Cancellation extends OrderToDecide {
  /** Optional for the customer. */
  readonly reason?: string | undefined;
}

/** An order to reject. */
export interface Rejection extends OrderToDecide {
  readonly reason: string;
}

/** An order after a decision. */
export interface DecidedOrder {
  readonly order: OrderView;
  /** False if it was so already and nothing was appended. */
  readonly changed: boolean;
}

/**
 * All three may be called again: if the decision is in effect already, the answer is
 * the order as it is. They reject with `not_found` (code `order_not_found`); with
 * `conflict` if the order does not allow the decision (code `order_ended`, or
 * `order_not_paid` before its payment is known) or kept moving (code `order_moving`,
 * nothing was done); and with `precondition_failed` (code `version_mismatch`, nothing
 * was done) if the order is at another version than `ifMatch` names (default: any).
 * A decision made at such a version stands: asked again, the answer is the order.
 * After `unavailable` it is unknown whether the decision was made: call again.
 */
export interface OrderDecisions {
  /** Ends an order that is Pending or Paid. */
  cancel(ctx: Context, request: Cancellation): Promise<DecidedOrder>;
  /** Approves an order that is Paid. */
  approve(ctx: Context, request: OrderToDecide): Promise<DecidedOrder>;
  /** Rejects an order that is Paid. */
  reject(ctx: Context, request: Rejection): Promise<DecidedOrder>;
}

export interface OrderDecisionsOptions {
  readonly store: AggregateStore;
  /** Its errors are shown to people unchanged. */
  readonly codec: OrderEventCodec;
  /** How the log has texts about customers; default: as they were written. */
  readonly texts?: OrderTexts;
  readonly recent: RecentWrites;
  /** Limit for reading, appending and reading again, in milliseconds; less than a request's limit. */
  readonly withinMs: number;
}

/** Frozen: part of the ids of all events made here. */
export const HANDLER = 'ordersvc';

/** Who decided, as events say it. Customers cancel and restaurants review; no names are asked for. */
const decidedBy = {
  cancel: 'customer',
  approve: 'restaurant',
  reject: 'restaurant',
} as const;

/** The reason of a cancellation whose customer gave none. */
const UNSAID = 'customer_request';

export function createOrderDecisions(options: OrderDecisionsOptions): OrderDecisions {
  const { store, codec, texts = plainTexts, recent, withinMs } = options;
  const orders = commandHandler({
    decider: orderDecider,
    codec,
    aggregateType: ORDER_AGGREGATE,
    store,
  });

  async function decided(
    caller: Context,
    orderId: string,
    wanted: Extract<OrderCommand, { type: keyof typeof decidedBy }>,
    ifMatch: Versions,
  ): Promise<DecidedOrder> {
    const ctx = withTimeLeft(caller, withinMs);
    const command = await sealed(ctx, orderId, wanted).catch(tell);
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
        // Another request made the same decision in other words: read the resulting order.
        if (isKind(error, 'already_exists')) return orders.handle(ctx, request);
        throw error;
      })
      .catch(tell);
    if (!decision.accepted) throw refusal(decision);
    const found = await read(ctx, orderId).catch(tell);
    if (found === undefined) throw new Error(`Order ${orderId} is no longer in the log.`);
    recent.remember(orderId, found.version);
    const order = await texts.open(ctx, found).catch(tell);
    return { order, changed: appended !== undefined };
  }

  const read = async (ctx: Context, orderId: string) =>
    viewOf(codec, await store.readAggregate(ctx, orderAggregate(orderId)));

  /** `command` with its reason as the log shall have it. Our own codes stay. */
  async function sealed<Command extends { readonly type: string; readonly reason?: string }>(
    ctx: Context,
    orderId: string,
    command: Command,
  ): Promise<Command> {
    if (command.reason === undefined || command.reason === UNSAID) return command;
    const reason = await texts.sealReason(ctx, command.reason, async () => {
      const order = await read(ctx, orderId);
      if (order !== undefined) return order.details;
      throw new CodedError('not_found', 'order_not_found', 'There is no such order.');
    });
    return { ...command, reason };
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
 * Throws if the order is at an unwanted version, unless the event `eventId`, this
 * decision, was recorded at a wanted one: a caller who repeats a request because the
 * answer was lost names the version that they decided at.
 */
function mustBeAt(wanted: Versions, recorded: readonly RecordedEvent[], eventId: string): void {
  const version = recorded.at(-1)?.version ?? 0n;
  const taken = recorded.find((event) => event.eventId === eventId);
  if (matches(wanted, version)) return;
  if (taken !== undefined && matches(wanted, taken.version - 1n)) return;
  throw versionMismatch(version);
}

/** The domain's refusal as an error with the same code. */
function refusal({ code, message }: Extract<Decision, { accepted: false }>): CodedError {
  return new CodedError(code === 'order_not_found' ? 'not_found' : 'conflict', code, message);
}

/** Throws the error for the caller: it says whether and when to ask again. */
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
