-- The pseudonyms whose keys were deleted. A copy of this list, kept beside the backups,
-- says which keys must be deleted again after a restore.
create table if not exists personal_erasures (
  pseudonym text primary key,
  erased_at timestamptz not null default now()
);
