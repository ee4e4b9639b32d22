-- As orders_by_status.
create index if not exists orders_b_by_status on orders_b (status, created_at desc, order_id desc);
