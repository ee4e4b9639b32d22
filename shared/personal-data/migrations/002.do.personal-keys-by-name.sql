-- One key a person, whoever comes first.
create unique index if not exists personal_keys_by_name on personal_keys (name);
