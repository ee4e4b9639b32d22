-- As orders_by_customer.
create index if not exists orders_b_by_customer on orders_b (customer_id, created_at desc, order_id desc);
