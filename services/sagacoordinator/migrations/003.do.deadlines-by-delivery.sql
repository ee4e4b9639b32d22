-- A deadline counts from when its worker got the event at `position`, and fires at
-- `ceiling_at` at the latest. 0: it counts from its time alone, as rows of before do.
alter table deadlines
  add column if not exists position int8 not null default 0,
  add column if not exists ceiling_at timestamptz;
