-- Dead letters that somebody put aside for good, and why.
alter table dead_letters
  add column if not exists closed_at timestamptz,
  add column if not exists close_reason text not null default '';
