-- Messages that a consumer gave up on. The event itself is in the log.
create table if not exists dead_letters (
  consumer text not null,
  position int8 not null,
  event_id text not null,
  reason text not null,
  last_error text not null,
  deliveries int8 not null,
  traceparent text not null,
  parked_at timestamptz not null default now(),
  primary key (consumer, position)
);
