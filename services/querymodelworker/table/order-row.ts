/**
 * An order as a row of the read model, and the conversion both ways. Pure. Folding from
 * a row gives the same result as folding from the first event, so the projection needs
 * only an order's row and its new events.
 */

import {
  evolve,
  initialState,
  type OrderEvent,
  type OrderItem,
  type OrderState,
  type OrderStatus,
  type PaymentStatus,
} from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Minor } from '../../../shared/money/money.ts';

/** One row of `orders`, with values as they are sent and returned. */
export interface OrderRow {
  readonly orderId: string;
  readonly customerId: string;
  readonly restaurantId: string;
  /** None: its creation is not known (yet), and the columns that come from it are empty. */
  readonly status: OrderStatus;
  readonly payment: PaymentStatus;
  readonly amountMinor: bigint;
  /** JSON of the domain's `OrderItem[]`, prices in minor units. */
  readonly items: string;
  readonly createdOn: string;
  readonly reason: string | null;
  /** Version of the last event folded in. */
  readonly version: bigint;
  readonly position: bigint;
  /** When its first event was appended, by the log's clock, in ISO 8601. */
  readonly createdAt: string;
  /** When its last event was appended. */
  readonly updatedAt: string;
}

/** The columns compared between two rows of one order: all but the order's id. */
export const comparedColumns = [
  'version',
  'position',
  'status',
  'payment',
  'amountMinor',
  'customerId',
  'restaurantId',
  'items',
  'createdOn',
  'reason',
  'createdAt',
  'updatedAt',
] as const satisfies readonly (keyof OrderRow)[];

/**
 * `row` (undefined: none yet) with `event`, decoded as `change`, folded in. An event
 * that the row already includes, by its version, changes nothing. Never throws: missing
 * versions do not stop it.
 */
export function foldRow(
  row: OrderRow | undefined,
  event: RecordedEvent,
  change: OrderEvent,
): OrderRow {
  if (row !== undefined && event.version <= row.version) return row;
  const before = row === undefined ? initialState : outlineOf(row);
  const state = evolve(before, change);
  const at = event.createdAt.toISOString();
  const details =
    row !== undefined && state.details === before.details ? row : columnsOf(state.details);
  return {
    orderId: event.aggregateId,
    customerId: details.customerId,
    restaurantId: details.restaurantId,
    amountMinor: details.amountMinor,
    items: details.items,
    createdOn: details.createdOn,
    status: state.status,
    payment: state.payment,
    reason: state.reason === undefined ? null : storable(state.reason),
    version: event.version,
    position: event.position,
    createdAt: row?.createdAt ?? at,
    updatedAt: at,
  };
}

/**
 * `row` after `event`, of which this release knows nothing: a newer one has written it. The row
 * has its version, as the log and every other reader have, so that the row of either release is
 * right for both. Never throws.
 */
export function passRow(row: OrderRow, event: RecordedEvent): OrderRow {
  if (event.version <= row.version) return row;
  const { version, position, createdAt } = event;
  return { ...row, version, position, updatedAt: createdAt.toISOString() };
}

/** Columns that come from an order's creation. */
type Details = Pick<
  OrderRow,
  'customerId' | 'restaurantId' | 'amountMinor' | 'items' | 'createdOn'
>;

const columnsOf = (details: OrderState['details']): Details => ({
  customerId: storable(details?.customerId ?? ''),
  restaurantId: storable(details?.restaurantId ?? ''),
  amountMinor: BigInt(details?.amount ?? 0),
  items: JSON.stringify(details?.items ?? []),
  createdOn: storable(details?.createdOn ?? ''),
});

/** Stands for the details of a known order where `evolve` asks only whether there are any: so an event costs no parsing of items. */
const someDetails: OrderState['details'] = {
  orderId: '',
  customerId: '',
  restaurantId: '',
  amount: 0 as Minor,
  items: [],
  createdOn: '',
};

const outlineOf = ({ status, payment, reason }: OrderRow): OrderState => ({
  status,
  payment,
  reason: reason ?? undefined,
  details: status === 'None' ? undefined : someDetails,
});

/** The order's state that `row` represents, for those who check or imitate the read model. */
export function stateOf(row: OrderRow): OrderState {
  const outline = outlineOf(row);
  if (outline.details === undefined) return outline;
  return {
    ...outline,
    details: {
      orderId: row.orderId,
      customerId: row.customerId,
      restaurantId: row.restaurantId,
      amount: Number(row.amountMinor) as Minor,
      items: JSON.parse(row.items) as OrderItem[],
      createdOn: row.createdOn,
    },
  };
}

/**
 * `text` as a column can store it. JSON may contain `\u0000`, which no text column
 * accepts, or half of a surrogate pair, which would come back changed. One such order
 * must not stop all others, nor differ from its own row.
 */
function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text).toWellFormed();
}
