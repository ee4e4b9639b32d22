insert into projection_checkpoint (name, position) values ('query-model', 0)
on conflict (name) do nothing;
