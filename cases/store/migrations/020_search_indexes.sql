-- The last digits of a caller's number.
create index cases_caller_ends on cases (reverse(caller) text_pattern_ops) where caller <> '';

-- Of the many cases there were, few are open.
create index cases_open_department on cases (department, opened, number)
    where department <> '' and state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_first_asker on cases (first_asker, opened, number)
    where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_responsible on cases (responsible) where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_handler on cases (handler) where state not in ('closed', 'refused', 'withdrawn', 'merged');

-- Clocks of some kinds are never late.
create statistics deadline_kinds (mcv) on kind, state from deadline;
