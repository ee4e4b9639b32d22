-- Replays of dead letters: asked for, handed out under a lease, resolved.
alter table dead_letters
  add column if not exists replay_requested_at timestamptz,
  add column if not exists replay_leased_until timestamptz,
  add column if not exists replay_takes int8 not null default 0,
  add column if not exists replays int8 not null default 0,
  add column if not exists resolved_at timestamptz;
