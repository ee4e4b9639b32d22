-- What is awaited, and until when. A copy: it can be made again from the log. A
-- deadline counts from when its worker got the event at `position` (0: from its time
-- alone), and fires at `ceiling_at` at the latest. The columns after that carry the
-- trace on from the event that began the wait to what follows from it; attempts
-- counts firings that failed.
create table if not exists deadlines (
  aggregate_id text not null,
  kind text not null,
  due_at timestamptz not null,
  position int8 not null default 0,
  ceiling_at timestamptz,
  traceparent text not null,
  correlation_id text not null,
  caused_by text not null,
  attempts int8 not null default 0,
  primary key (aggregate_id, kind)
);
