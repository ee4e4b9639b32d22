-- The stream that a letter's position counts in.
alter table dead_letters add column if not exists stream text not null default 'ORDERS';
