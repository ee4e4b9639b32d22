-- Which event the checkpoint stands at, and at which position that is: where it is
-- the checkpoint's own, the log must have that event there. What moves the
-- checkpoint without it makes it unknown.
alter table projection_checkpoint
  add column if not exists event_id text not null default '',
  add column if not exists event_position int8 not null default 0;
