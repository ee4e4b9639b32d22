-- The ledger and the read row of an order, as the product has them.
create table ledger (
  order_id text primary key,
  amount numeric not null,
  created_at timestamptz not null default now()
);
create table orders (
  order_id text primary key,
  customer_id text not null,
  restaurant_id text not null,
  amount numeric not null,
  items text not null,
  status text not null
);
