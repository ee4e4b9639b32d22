drop index if exists ledger_by_order;
