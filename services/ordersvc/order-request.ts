/** A customer's request for an order, every field checked. Pure. */

import type { OrderDetails, OrderItem } from '../../shared/domain/order.ts';
import type { Minor } from '../../shared/money/money.ts';

/** An order to place. */
export interface OrderRequest {
  readonly customerId: string;
  readonly restaurantId: string;
  readonly items: readonly OrderItem[];
  /** Computed from the items; an amount from the client is ignored. */
  readonly amount: Minor;
  /** A customer's requests with the same key are one order. */
  readonly idempotencyKey: string | undefined;
}

/** True if `order` matches `request` in every field. */
export function asksFor(request: OrderRequest, order: OrderDetails): boolean {
  return (
    request.customerId === order.customerId &&
    request.restaurantId === order.restaurantId &&
    request.items.length === order.items.length &&
    request.items.every((item, i) => {
      const other = order.items[i];
      return (
        item.code === other?.code &&
        item.name === other.name &&
        item.unitPrice === other.unitPrice &&
        item.quantity === other.quantity
      );
    })
  );
}
