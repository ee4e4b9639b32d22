-- One row a stream hands out positions. Its lock makes the order of positions
-- the order of commits, so that whoever reads the tail misses nothing.
create table if not exists log_head (
  stream text primary key,
  position int8 not null
);
