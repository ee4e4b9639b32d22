-- The stream's head, before its first event.
insert into log_head (stream, position) values ('ORDERS', 0) on conflict (stream) do nothing;
