alter table ledger add column if not exists voided_at timestamptz;
