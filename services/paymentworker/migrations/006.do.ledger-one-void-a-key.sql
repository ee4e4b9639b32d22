create unique index if not exists ledger_void_key on ledger (void_key);
