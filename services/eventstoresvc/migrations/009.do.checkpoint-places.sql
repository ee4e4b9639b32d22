-- A place in the log is a position and the event's id: after a restore other
-- events may stand at the same positions. `delivered` is how far the consumer was
-- handed events, whether it has answered them or not. Rows of before have no id.
alter table checkpoints
  add column if not exists event_id text not null default '',
  add column if not exists delivered int8 not null default 0;
