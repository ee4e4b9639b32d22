-- As orders_by_restaurant.
create index if not exists orders_b_by_restaurant
  on orders_b (restaurant_id, status, created_at desc, order_id desc);
