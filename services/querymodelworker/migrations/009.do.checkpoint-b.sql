-- The checkpoint of orders_b. At -1 its table is not complete up to anywhere.
insert into projection_checkpoint (name, position) values ('query-model-b', -1)
on conflict (name) do nothing;
