-- How often the table of this checkpoint stood down for the other one. The one
-- that did so less often is live, and orders where both did equally often.
alter table projection_checkpoint add column if not exists retirements int8 not null default 0;
