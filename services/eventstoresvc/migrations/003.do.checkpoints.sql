-- How far each consumer has come; survives the broker.
create table if not exists checkpoints (
  consumer text primary key,
  position int8 not null,
  updated_at timestamptz not null default now()
);
