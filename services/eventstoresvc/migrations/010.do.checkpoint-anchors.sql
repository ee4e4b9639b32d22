-- Earlier places of each consumer, the last one of each 10,000 positions: where it
-- goes on when the log does not have its checkpoint's event.
create table if not exists checkpoint_anchors (
  consumer text not null,
  bucket int8 not null,
  position int8 not null,
  event_id text not null,
  primary key (consumer, bucket)
);
