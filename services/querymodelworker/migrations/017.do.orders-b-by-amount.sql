-- As orders_by_amount, for the second table.
create index if not exists orders_b_by_amount on orders_b (status, amount_minor);
