-- Calls to the outside that are about no case, as they were decided: those of cases are on
-- their ledgers.
create table outside_call (
    fact    uuid primary key,
    at      timestamptz not null,
    actor   text not null,       -- user who asked for it
    number  text not null,
    allowed boolean not null,
    reason  text not null
);
create index outside_call_at on outside_call (at);
