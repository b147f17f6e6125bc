-- What is found, listed and taken away of cases.

-- The last digits of a caller's number.
create index cases_caller_ends on cases (reverse(caller) text_pattern_ops) where caller <> '';

-- Of the many cases there were, few are open.
create index cases_open_latest on cases (opened, number) where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_department on cases (department, opened, number)
    where department <> '' and state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_first_asker on cases (first_asker, opened, number)
    where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_responsible on cases (responsible) where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_open_handler on cases (handler) where state not in ('closed', 'refused', 'withdrawn', 'merged');

-- Clocks of some kinds are never late.
create statistics deadline_kinds (mcv) on kind, state from deadline;

-- The log of a shift.
create index case_event_handed_off on case_event (at) where kind = 'handed_off';

-- Who got which register or report: they are full of callers' numbers.
create table report_access (
    id     bigint generated always as identity primary key,
    at     timestamptz not null default now(),
    who    text not null check (who <> ''),       -- user, or by which token
    report text not null,
    lines  int not null
);
create trigger report_access_append_only before update or delete on report_access
    for each row execute function refuse_change();
create trigger report_access_no_truncate before truncate on report_access
    for each statement execute function refuse_change();
