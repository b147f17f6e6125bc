-- What was escalated is a small part of what is open.
create index deadline_escalated on deadline (case_id, level) where level > 0 and state in ('armed', 'fired');
create index cases_escalated on cases (id, level) where level > 0 and state not in ('closed', 'refused', 'withdrawn', 'merged');
