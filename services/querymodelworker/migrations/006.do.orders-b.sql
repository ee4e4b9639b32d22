-- The read model's second table, of the same shape. A rebuild fills the table
-- that nobody reads, and then the two change places.
create table if not exists orders_b (
  order_id text primary key,
  customer_id text not null,
  restaurant_id text not null,
  status text not null,
  payment text not null,
  amount_minor int8 not null,
  items text not null,
  created_on text not null,
  reason text,
  version int8 not null,
  position int8 not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
