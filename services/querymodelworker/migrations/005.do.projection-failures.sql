-- Events that the projection could not read. It went on without them; the
-- events themselves are in the log.
create table if not exists projection_failures (
  name text not null,
  position int8 not null,
  event_id text not null,
  event_type text not null,
  order_id text not null,
  reason text not null,
  recorded_at timestamptz not null default now(),
  primary key (name, position)
);
