-- How much of the log is in the rows. It moves in the statement that writes them.
create table if not exists projection_checkpoint (
  name text primary key,
  position int8 not null
);
