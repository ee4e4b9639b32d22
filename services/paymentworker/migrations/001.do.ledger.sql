create table if not exists ledger (
  idempotency_key text primary key,
  order_id text not null,
  customer_id text not null,
  kind text not null,
  amount_minor int8 not null,
  outcome text not null,
  payment_id text not null,
  reason text not null,
  created_at timestamptz not null default now()
);
