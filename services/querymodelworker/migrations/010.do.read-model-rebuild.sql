-- The rebuild under way, if there is one: which table it fills, and how far it
-- came. The owner is the process that may go on; the last one to begin is it.
create table if not exists read_model_rebuild (
  name text primary key,
  builds text not null,
  owner text not null,
  position int8 not null,
  event_id text not null,
  begun_at timestamptz not null default now()
);
