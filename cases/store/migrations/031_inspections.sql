-- How the duty is done: inspections, what they found, and every step of each.
create table inspection (
    id         bigint generated always as identity primary key,
    by         text not null constraint inspection_by_check check (by in ('self', 'mutual', 'body', 'external')),
    department text not null,                            -- empty: all of them
    opened     timestamptz not null,
    concluded  timestamptz,
    open       boolean not null,                         -- something is still to be done
    document   jsonb not null check (jsonb_typeof(document) = 'object'),
    check (open or concluded is not null)
);
create index inspection_open on inspection (opened, id) where open;
create index inspection_opened on inspection (opened, id);
create index inspection_concluded on inspection (by, department, concluded) where concluded is not null;
create trigger inspection_kept before delete on inspection
    for each row execute function refuse_change();
create trigger inspection_no_truncate before truncate on inspection
    for each statement execute function refuse_change();

create table inspection_step (
    inspection bigint not null references inspection,
    seq        int not null check (seq > 0),
    at         timestamptz not null,
    by         text not null check (by <> ''),           -- user
    step       text not null,
    body       jsonb not null,
    primary key (inspection, seq)
);
create trigger inspection_step_append_only before update or delete on inspection_step
    for each row execute function refuse_change();
create trigger inspection_step_no_truncate before truncate on inspection_step
    for each statement execute function refuse_change();
