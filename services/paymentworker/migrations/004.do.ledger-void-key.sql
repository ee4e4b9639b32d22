alter table ledger add column if not exists void_key text;
