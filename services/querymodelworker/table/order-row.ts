/**
 * An order as one row of the read model, and the way there and back. Pure.
 * Folding from a row gives what folding from the first event would have given,
 * so the projection needs no more than an order's row and its new events.
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

/** One row of `orders`; every value as it is sent and comes back. */
export interface OrderRow {
  readonly orderId: string;
  readonly customerId: string;
  readonly restaurantId: string;
  /** None: its creation is not known (yet); then the columns that come from it are empty. */
  readonly status: OrderStatus;
  readonly payment: PaymentStatus;
  readonly amountMinor: bigint;
  /** JSON of the domain's `OrderItem[]`, prices in minor units. */
  readonly items: string;
  readonly createdOn: string;
  readonly reason: string | null;
  /** Of the last event folded in. */
  readonly version: bigint;
  readonly position: bigint;
  /** When its first event was appended, by the log's clock, as ISO 8601. */
  readonly createdAt: string;
  /** When its last event was appended. */
  readonly updatedAt: string;
}

/** What two rows of one order are compared by: all but the order's id. */
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
 * `row` (undefined: none yet) with `event`, decoded as `change`, folded in. An
 * event that the row has already, judged by its version, changes nothing.
 * Total: versions that are missing in between do not stop it.
 */
export function foldRow(
  row: OrderRow | undefined,
  event: RecordedEvent,
  change: OrderEvent,
): OrderRow {
  if (row !== undefined && event.version <= row.version) return row;
  const before = row === undefined ? initialState : stateOf(row);
  const state = evolve(before, change);
  const at = event.createdAt.toISOString();
  const folded: OrderRow = {
    orderId: event.aggregateId,
    ...(row !== undefined && state.details === before.details ? detailsOf(row) : columnsOf(state)),
    status: state.status,
    payment: state.payment,
    reason: state.reason === undefined ? null : storable(state.reason),
    version: event.version,
    position: event.position,
    createdAt: row?.createdAt ?? at,
    updatedAt: at,
  };
  folds.set(folded, state);
  return folded;
}

/** What comes from an order's creation. */
type Details = Pick<
  OrderRow,
  'customerId' | 'restaurantId' | 'amountMinor' | 'items' | 'createdOn'
>;

const detailsOf = ({ customerId, restaurantId, amountMinor, items, createdOn }: Details) => ({
  customerId,
  restaurantId,
  amountMinor,
  items,
  createdOn,
});

const columnsOf = ({ details }: OrderState): Details => ({
  customerId: storable(details?.customerId ?? ''),
  restaurantId: storable(details?.restaurantId ?? ''),
  amountMinor: BigInt(details?.amount ?? 0),
  items: JSON.stringify(details?.items ?? []),
  createdOn: storable(details?.createdOn ?? ''),
});

/** States of rows that were folded here: an order's next event needs no second reading of its JSON. */
const folds = new WeakMap<OrderRow, OrderState>();

/** The state that `row` stands for. */
export function stateOf(row: OrderRow): OrderState {
  return folds.get(row) ?? read(row);
}

function read(row: OrderRow): OrderState {
  return {
    status: row.status,
    payment: row.payment,
    reason: row.reason ?? undefined,
    details:
      row.status === 'None'
        ? undefined
        : {
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
 * `text` as a column can hold it. JSON may say `\u0000`, which no text column
 * takes, and half of a surrogate pair, which would come back as something else;
 * one such order must not stop all the others, nor differ from its own row.
 */
function storable(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text).toWellFormed();
}
