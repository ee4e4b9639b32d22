-- The next ones due are found at this index's beginning, however many wait. On
-- CockroachDB a short gc.ttlseconds for the table keeps that beginning clean.
create index if not exists deadlines_by_due on deadlines (due_at, aggregate_id, kind);
