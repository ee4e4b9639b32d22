create unique index if not exists ledger_order on ledger (order_id);
