-- A restaurant's orders of one status, newest first, as orders_by_customer. Those of
-- every status are those of each, put together: one index less to be written.
create index if not exists orders_by_restaurant
  on orders (restaurant_id, status, created_at desc, order_id desc);
