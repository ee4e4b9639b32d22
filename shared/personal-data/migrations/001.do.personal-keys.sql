-- A key for each person. With the row one reads the person's texts, wherever they are;
-- without it nobody does.
create table if not exists personal_keys (
  pseudonym text primary key,
  name text not null,
  secret text not null,
  created_at timestamptz not null default now()
);
