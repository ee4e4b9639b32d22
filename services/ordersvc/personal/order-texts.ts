/**
 * The texts about customers on their way to the log and back. What customers write, and
 * what is written to them, enters and leaves the system here and nowhere else: all other
 * services pass these texts on as they are.
 */
import type { OrderDetails } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { OrderListQuery } from '../views/order-list.ts';
import type { OrderView } from '../views/order-view.ts';

/** How the log has them. Each method rejects with `unavailable` or `timeout` if that cannot be told. */
export interface OrderTexts {
  /** A new order as its event shall have it. */
  seal(ctx: Context, order: OrderDetails): Promise<OrderDetails>;
  /** The reason of a decision, in somebody's own words, as its event shall have it. `read` reads the order, as the log has it. */
  sealReason(ctx: Context, reason: string, read: () => Promise<OrderDetails>): Promise<string>;
  /** An order from the log or from the read model, as people see it. */
  open(ctx: Context, order: OrderView): Promise<OrderView>;
  /** The events of an order as people see them: all else in a payload stays as it is, byte for byte. */
  openEvents(ctx: Context, events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]>;
  /** The query by which the read model finds what people ask for. */
  asFiled(ctx: Context, query: OrderListQuery): Promise<OrderListQuery>;
}

/** Texts as they were written. */
export const plainTexts: OrderTexts = {
  seal: async (_ctx, order) => order,
  sealReason: async (_ctx, reason) => reason,
  open: async (_ctx, order) => order,
  openEvents: async (_ctx, events) => events,
  asFiled: async (_ctx, query) => query,
};
