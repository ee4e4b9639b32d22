-- The log, with what any log of events needs: its order, and no event or version twice.
create table events (
  position int8 primary key,
  event_id text not null unique,
  type text not null,
  order_id text not null,
  version int8 not null,
  data text not null,
  created_at timestamptz not null default now(),
  unique (order_id, version)
);
create table orders (
  order_id text primary key,
  customer_id text,
  restaurant_id text,
  amount numeric,
  items text,
  status text not null,
  version int8 not null
);
create table progress (position int8 not null);
insert into progress values (0);
