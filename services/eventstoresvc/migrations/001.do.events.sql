-- The log. Nothing in it is ever changed or removed. event_data is text, since
-- jsonb would give back other bytes than it was given.
create table if not exists events (
  stream text not null,
  position int8 not null,
  event_id text not null,
  event_type text not null,
  aggregate_type text not null,
  aggregate_id text not null,
  version int8 not null,
  event_data text not null,
  metadata jsonb not null,
  created_at timestamptz not null default now(),
  primary key (stream, position),
  constraint events_event_id unique (event_id),
  constraint events_version unique (aggregate_id, aggregate_type, version)
);
