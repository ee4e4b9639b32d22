-- One complete row an order. Only querymodelworker writes it; ordersvc reads.
-- A row whose status is None stands for an order whose creation is not known
-- (yet); it is no order to show, but what happened to it counts.
create table if not exists orders (
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
