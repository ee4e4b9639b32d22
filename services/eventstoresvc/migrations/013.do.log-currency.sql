-- What the amounts in a stream's events mean: written once, and never changed while
-- there are events.
create table if not exists log_currency (
  stream text primary key,
  code text not null,
  decimals int8 not null,
  written_at timestamptz not null default now()
);
