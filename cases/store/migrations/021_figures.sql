-- The figures of the whole installation: one node computes them, every node tells them.
create table metric_snapshot (
    id       int primary key check (id = 1),
    taken_at timestamptz not null,
    took     interval not null,
    body     json not null                        -- [{"name", "labels", "value"}]
);

-- What agents do, as the nodes see them that have to do with them. It need not outlive
-- PostgreSQL: each node says it again.
create unlogged table agent_state (
    node     int not null,
    username text not null,
    state    text not null check (state in ('available', 'ringing', 'talking', 'hold', 'wrapup', 'break', 'away')),
    primary key (node, username)
) with (fillfactor = 50);

-- What is open is a small part of what there is, and figures read nothing else.
drop index deadline_owed;
create index deadline_open on deadline (kind, desk, due_at, at_risk_at, paused) include (case_id, level) where state in ('armed', 'fired');
create index cases_open on cases (desk, state) include (id, department, first_asker, responsible, handed, level)
    where state not in ('closed', 'refused', 'withdrawn', 'merged');
create index call_calling_back on call (calls_back) where calls_back <> '' and answered is null and ended is null;
create index recording_pending on recording (call) where ended is null;
