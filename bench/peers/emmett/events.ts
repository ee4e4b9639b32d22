/** The events of the orders on Emmett, and the store that keeps them. */
import type { Event } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { type Order, setting } from '../door.ts';

export type OrderEvent =
  | Event<'OrderCreated', Order>
  | Event<'PaymentDebited', { readonly order_id: string }>
  | Event<'OrderApproved', { readonly order_id: string }>;

export const streamOf = ({ order_id }: { readonly order_id: string }): string =>
  `order-${order_id}`;

/** With its default settings. */
export const openStore = () => getPostgreSQLEventStore(setting('PEER_DATABASE_URL'));
