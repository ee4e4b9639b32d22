-- The stream that a consumer follows: its checkpoint is a place in that stream's log.
-- A consumer has one stream, so its name is still the key.
alter table checkpoints add column if not exists stream text not null default 'ORDERS';
