-- Orders of one status by amount, for operators who look for a few large or small ones:
-- orders_by_status finds those that are not few.
create index if not exists orders_by_amount on orders (status, amount_minor);
