create table if not exists nights (
  night text not null,
  room text not null,
  status text not null,
  guest_id text not null,
  version int8 not null,
  primary key (night, room)
);
