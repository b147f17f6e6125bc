-- The register of slips has a line for each time a case was handed over.
create index case_event_handed_over on case_event (at) where kind = 'handed_over';
