/**
 * The life of an order: three pure functions and two unions, used by everyone who appends
 * to an order. They read no clock, create no ids and do not wait.
 *
 * Facts from outside (a debit happened, was declined, was voided) are recorded in any
 * state of the order: refusing to write down what happened would not undo it. Decisions
 * (approve, reject, cancel, ask for the void) are made against a state and may be
 * refused.
 *
 * Shape after Emmett's decider: decide, evolve, initialState.
 */
import type { Minor } from '../money/money.ts';

export interface OrderItem {
  readonly code: string;
  readonly name: string;
  readonly unitPrice: Minor;
  /** A whole number, at least 1. */
  readonly quantity: number;
}

export interface OrderDetails {
  readonly orderId: string;
  readonly customerId: string;
  readonly restaurantId: string;
  /** Sum of the items, as computed when the order was placed. */
  readonly amount: Minor;
  readonly items: readonly OrderItem[];
  /** ISO 8601, by the clock of the ordersvc that accepted the order. */
  readonly createdOn: string;
}

export type OrderEvent =
  | { readonly type: 'created'; readonly order: OrderDetails }
  | {
      readonly type: 'paymentdebited';
      readonly orderId: string;
      readonly customerId: string;
      readonly amount: Minor;
      readonly paymentId: string;
    }
  | { readonly type: 'paymentfailed'; readonly orderId: string; readonly reason: string }
  | { readonly type: 'approved'; readonly orderId: string; readonly decidedBy: string }
  | {
      readonly type: 'rejected';
      readonly orderId: string;
      readonly decidedBy: string;
      readonly reason: string;
    }
  | {
      readonly type: 'cancelled';
      readonly orderId: string;
      readonly decidedBy: string;
      readonly reason: string;
    }
  | { readonly type: 'voidrequested'; readonly orderId: string; readonly reason: string }
  /** An empty payment id: there was no debit to void, and there will be none. */
  | { readonly type: 'paymentvoided'; readonly orderId: string; readonly paymentId: string };

export type OrderCommand =
  | { readonly type: 'place'; readonly order: OrderDetails }
  | {
      readonly type: 'recordDebit';
      readonly paymentId: string;
      readonly orderId: string;
      readonly customerId: string;
      readonly amount: Minor;
    }
  | { readonly type: 'recordPaymentFailure'; readonly orderId: string; readonly reason: string }
  | { readonly type: 'recordVoid'; readonly orderId: string; readonly paymentId: string }
  | { readonly type: 'approve'; readonly decidedBy: string }
  | { readonly type: 'reject'; readonly decidedBy: string; readonly reason: string }
  | { readonly type: 'cancel'; readonly decidedBy: string; readonly reason: string }
  /** `again`: even if a void was requested and nobody answered. */
  | { readonly type: 'requestVoid'; readonly orderId: string; readonly again?: boolean };

/** None: the order does not exist (yet). */
export type OrderStatus =
  | 'None'
  | 'Pending'
  | 'Paid'
  | 'Approved'
  | 'PaymentFailed'
  | 'Rejected'
  | 'Cancelled';

export type PaymentStatus = 'none' | 'debited' | 'failed' | 'void_requested' | 'voided';

export interface OrderState {
  readonly status: OrderStatus;
  readonly payment: PaymentStatus;
  /** Undefined until the order was created. */
  readonly details: OrderDetails | undefined;
  /** Why it failed, if it did. */
  readonly reason: string | undefined;
}

export const initialState: OrderState = {
  status: 'None',
  payment: 'none',
  details: undefined,
  reason: undefined,
};

/**
 * The result of a command: events to append (none: already so), or a refusal with a stable
 * code.
 */
export type Decision =
  | { readonly accepted: true; readonly events: readonly OrderEvent[] }
  | { readonly accepted: false; readonly code: string; readonly message: string };

const accept = (...events: OrderEvent[]): Decision => ({ accepted: true, events });
const refuse = (code: string, message: string): Decision => ({ accepted: false, code, message });

/**
 * The result of `command` in `state`. Pure. Repeating an accepted command has no
 * effect, except for a debit that a void overtook: it is a fact each time, and its id
 * makes it one.
 */
export function decide(command: OrderCommand, state: OrderState): Decision {
  switch (command.type) {
    case 'place':
      return state.status === 'None'
        ? accept({ type: 'created', order: command.order })
        : refuse('order_exists', `Order ${command.order.orderId} already exists.`);
    case 'recordDebit': {
      const { type: _, ...debit } = command;
      return state.payment === 'debited' ? accept() : accept({ ...debit, type: 'paymentdebited' });
    }
    case 'recordPaymentFailure':
      return state.payment === 'none'
        ? accept({ type: 'paymentfailed', orderId: command.orderId, reason: command.reason })
        : accept();
    case 'recordVoid':
      return state.payment === 'voided'
        ? accept()
        : accept({
            type: 'paymentvoided',
            orderId: command.orderId,
            paymentId: command.paymentId,
          });
    case 'cancel':
      return cancel(command, state);
    case 'requestVoid':
      return requestVoid(command, state);
    case 'approve':
      return review(state, 'Approved', (orderId) => ({
        type: 'approved',
        orderId,
        decidedBy: command.decidedBy,
      }));
    case 'reject':
      return review(state, 'Rejected', (orderId) => ({
        type: 'rejected',
        orderId,
        decidedBy: command.decidedBy,
        reason: command.reason,
      }));
  }
}

/** An open order can be cancelled; a cancelled one already is. */
function cancel(
  { decidedBy, reason }: Extract<OrderCommand, { type: 'cancel' }>,
  state: OrderState,
): Decision {
  if (state.details === undefined) return refuse('order_not_found', 'There is no such order.');
  const { orderId } = state.details;
  if (state.status === 'Cancelled') return accept();
  if (isOpen(state)) return accept({ type: 'cancelled', orderId, decidedBy, reason });
  return refuse('order_ended', `Order ${orderId} is ${state.status} and cannot be cancelled.`);
}

/**
 * For an order that ended badly and whose money may be taken, and for money that was
 * taken for an order that does not exist. A void is not requested twice unless the
 * command says so.
 */
function requestVoid(
  { orderId, again = false }: Extract<OrderCommand, { type: 'requestVoid' }>,
  state: OrderState,
): Decision {
  if (needsVoid(state) || (again && state.payment === 'void_requested')) {
    const why = state.status === 'None' ? UNKNOWN_ORDER : state.status;
    return accept({ type: 'voidrequested', orderId, reason: state.reason ?? why });
  }
  if (state.details === undefined && state.payment === 'none') {
    return refuse('order_not_found', 'There is no such order.');
  }
  if (isOpen(state) || state.status === 'Approved') {
    return refuse('payment_stands', `Order ${orderId} is ${state.status}: its payment stands.`);
  }
  return accept();
}

/** Why money goes back that was taken for an order that the log does not have. */
export const UNKNOWN_ORDER = 'unknown_order';

/**
 * The order ended other than Approved, its payment is not known to have failed, and no
 * void was requested yet: also if no debit is known, because it may be on its way. Or
 * money was taken, and there is no order.
 */
export function needsVoid({ status, payment }: Pick<OrderState, 'status' | 'payment'>): boolean {
  if (status === 'None') return payment === 'debited';
  const endedBadly = status === 'Rejected' || status === 'Cancelled' || status === 'PaymentFailed';
  return endedBadly && (payment === 'none' || payment === 'debited');
}

/** Only a paid order can be reviewed, and only once. */
function review(
  state: OrderState,
  outcome: 'Approved' | 'Rejected',
  event: (orderId: string) => OrderEvent,
): Decision {
  if (state.details === undefined) return refuse('order_not_found', 'There is no such order.');
  const { orderId } = state.details;
  if (state.status === outcome) return accept();
  // The gateway itself may have returned the money.
  if (state.status === 'Paid' && state.payment !== 'debited') {
    return refuse('payment_voided', `Order ${orderId} is no longer paid.`);
  }
  if (state.status === 'Paid') return accept(event(orderId));
  return refuse(
    state.status === 'Pending' ? 'order_not_paid' : 'order_ended',
    `Order ${orderId} is ${state.status} and cannot become ${outcome}.`,
  );
}

/** The state after `event`. Total: it accepts every event in every state, because the log holds what has happened. */
export function evolve(state: OrderState, event: OrderEvent): OrderState {
  switch (event.type) {
    case 'created':
      // A second creation cannot come from here; from elsewhere it changes nothing.
      if (state.details !== undefined) return state;
      return { ...state, details: event.order, status: opening(state.payment) };
    case 'paymentdebited':
      // A requested void covers the debit that it overtook.
      if (state.payment === 'void_requested' || state.payment === 'voided') return state;
      return {
        ...state,
        payment: 'debited',
        status: state.status === 'Pending' ? 'Paid' : state.status,
      };
    case 'paymentfailed':
      // A failure that is reported late does not undo a debit that is known to have
      // happened.
      if (state.payment !== 'none') return state;
      return state.status === 'Pending'
        ? { ...state, payment: 'failed', status: 'PaymentFailed', reason: event.reason }
        : { ...state, payment: 'failed' };
    case 'approved':
      return isOpen(state) ? { ...state, status: 'Approved' } : state;
    case 'rejected':
      return isOpen(state) ? { ...state, status: 'Rejected', reason: event.reason } : state;
    case 'cancelled':
      return isOpen(state) ? { ...state, status: 'Cancelled', reason: event.reason } : state;
    case 'voidrequested':
      return state.payment === 'voided' ? state : { ...state, payment: 'void_requested' };
    case 'paymentvoided':
      return { ...state, payment: 'voided' };
  }
}

/** A payment recorded before its order (a foreign writer's doing) still counts. */
function opening(payment: PaymentStatus): OrderStatus {
  return payment === 'debited' ? 'Paid' : payment === 'failed' ? 'PaymentFailed' : 'Pending';
}

/** An open order waits for an answer. */
export const isOpen = ({ status }: Pick<OrderState, 'status'>): boolean =>
  status === 'Pending' || status === 'Paid';

/** The state after all of `events`. */
export function fold(events: Iterable<OrderEvent>): OrderState {
  let state = initialState;
  for (const event of events) state = evolve(state, event);
  return state;
}

/** The three functions together, as the command handler takes them. */
export const orderDecider = { initialState, decide, evolve };

/** The total price of the items. Throws RangeError beyond MAX_AMOUNT; the edge checks first. */
export function total(items: readonly OrderItem[]): number {
  return items.reduce((sum, item) => sum + item.unitPrice * item.quantity, 0);
}
