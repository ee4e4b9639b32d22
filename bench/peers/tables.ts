/** The two writes that all peers make; repeating one changes nothing. */
import postgres from 'postgres';
import { amountOf, type Order, setting } from './door.ts';

const sql = postgres(setting('PEER_DATABASE_URL'), { onnotice: () => undefined });

export async function debit(order: Order): Promise<void> {
  await sql`
    insert into ledger (order_id, amount) values (${order.order_id}, ${amountOf(order)})
    on conflict (order_id) do nothing`;
}

export async function writeRow(order: Order, status: string): Promise<void> {
  const { order_id, customer_id, restaurant_id, order_items } = order;
  await sql`
    insert into orders (order_id, customer_id, restaurant_id, amount, items, status)
    values (${order_id}, ${customer_id}, ${restaurant_id}, ${amountOf(order)},
            ${JSON.stringify(order_items)}, ${status})
    on conflict (order_id) do update set status = excluded.status`;
}
