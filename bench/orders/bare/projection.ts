/** The read side of the bare path: a row an order, written in batches. */
import postgres from 'postgres';
import { consume } from './consumer.ts';
import { setting } from './settings.ts';
import { BARE_STREAM, type StoredEvent } from './wire.ts';

const sql = postgres(setting('BARE_DATABASE_URL'), { max: 1, fetch_types: false });

interface Created {
  readonly customer_id: string;
  readonly restaurant_id: string;
  readonly order_items: readonly { readonly unit_price: number; readonly quantity: number }[];
}

const statusOf = { created: 'Pending', debited: 'Pending', approved: 'Approved' } as const;

await consume('projection', [`${BARE_STREAM}.>`], async (events) => {
  const rows = new Map<string, object>();
  for (const event of events)
    rows.set(event.orderId, { ...rows.get(event.orderId), ...row(event) });
  const { position } = events.at(-1) ?? { position: 0 };
  await sql`
    with moved as (update progress set position = ${position})
    insert into orders (order_id, customer_id, restaurant_id, amount, items, status, version)
    select order_id, customer_id, restaurant_id, amount, items, status, version
    from json_to_recordset(${JSON.stringify([...rows.values()])}::text::json) as r (
      order_id text, customer_id text, restaurant_id text, amount numeric, items text,
      status text, version int8)
    on conflict (order_id) do update set
      customer_id = coalesce(excluded.customer_id, orders.customer_id),
      restaurant_id = coalesce(excluded.restaurant_id, orders.restaurant_id),
      amount = coalesce(excluded.amount, orders.amount),
      items = coalesce(excluded.items, orders.items),
      status = excluded.status,
      version = excluded.version`;
});

function row({ type, orderId, version, data }: StoredEvent): object {
  const known = { order_id: orderId, status: statusOf[type], version };
  if (type !== 'created') return known;
  const { customer_id, restaurant_id, order_items } = JSON.parse(data) as Created;
  const amount = order_items.reduce((sum, item) => sum + item.unit_price * item.quantity, 0);
  return { ...known, customer_id, restaurant_id, amount, items: JSON.stringify(order_items) };
}
