-- What the last audit found, written by `ordersctl audit`. Here, because the coordinator shows it:
-- an audit is a program that ends.
create table if not exists audit_results (
  name text not null primary key,
  verdict text not null,
  discrepancies int8 not null,
  waiting int8 not null,
  finished_at timestamptz not null default now()
);
