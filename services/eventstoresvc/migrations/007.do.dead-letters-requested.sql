-- Every worker looks for its replays each second; there are seldom any.
create index if not exists dead_letters_requested on dead_letters (consumer, position)
  where replay_requested_at is not null;
