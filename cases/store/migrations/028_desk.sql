-- What supervisors have before them: what is late, and what was asked for.
create index deadline_fired on deadline (due_at) where state = 'fired';
create index cases_tasked on cases (id) where file ? 'tasks' and state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_asked on cases (opened, number) where file ? 'extend' or file ? 'reassign';

-- The calls somebody may name as evidence.
create index call_called_back on call (calls_back) where calls_back <> '' and answered is not null;
