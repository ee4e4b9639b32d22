-- Which of several instances follows the log, and until when by this database's clock.
create table if not exists leases (
  name text not null primary key,
  holder text not null,
  until timestamptz not null
);
