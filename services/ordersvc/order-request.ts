/** What a customer asks for, every field checked. Pure. */

import type { OrderDetails, OrderItem } from '../../shared/domain/order.ts';
import type { Minor } from '../../shared/money/money.ts';

/** An order that is to be placed. */
export interface OrderRequest {
  readonly customerId: string;
  readonly restaurantId: string;
  readonly items: readonly OrderItem[];
  /** Computed from the items; what the client claims is not looked at. */
  readonly amount: Minor;
  /** Requests of one customer with the same key are one order. */
  readonly idempotencyKey: string | undefined;
}

/** True where `order` is what `request` asks for, field by field. */
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
