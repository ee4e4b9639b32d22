-- A customer's orders, newest first; the id makes the order total, for cursors.
create index if not exists orders_by_customer on orders (customer_id, created_at desc, order_id desc);
