-- The dead letters of an order are found by the ids of its events.
create index if not exists dead_letters_by_event on dead_letters (event_id);
