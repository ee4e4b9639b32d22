-- The types of events that a consumer answers, with a blank between them; empty: all. Its lag
-- is counted in them: what it never answers, it does not leave unanswered.
alter table checkpoints add column if not exists event_types text not null default '';
