-- Those that wait are counted every few seconds, however many were settled.
create index if not exists dead_letters_open on dead_letters (consumer, position)
  where resolved_at is null and closed_at is null;
