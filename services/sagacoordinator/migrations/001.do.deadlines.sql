-- What is awaited, and until when. A copy: `orders saga rebuild` makes it anew
-- from the log. The columns after due_at carry the trace on from the event that
-- began the waiting to what comes of it; attempts counts firings that failed.
create table if not exists deadlines (
  order_id text not null,
  kind text not null,
  due_at timestamptz not null,
  traceparent text not null,
  correlation_id text not null,
  caused_by text not null,
  attempts int8 not null default 0,
  primary key (order_id, kind)
);
