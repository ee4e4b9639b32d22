-- Orders of one status, newest first, for operators.
create index if not exists orders_by_status on orders (status, created_at desc, order_id desc);
