-- Return visits and handlings drawn by lot for a manager to check, and what he found.
create table sample (
    id         bigint generated always as identity primary key,
    made       timestamptz not null default now(),
    by         text not null check (by <> ''),
    from_at    timestamptz not null,
    until_at   timestamptz not null,
    seed       text not null check (seed <> ''),
    size       int not null check (size > 0),            -- to be drawn; of the candidates
    candidates text[] not null                           -- numbers, in order: with the seed, anybody can draw again
);
create trigger sample_append_only before update or delete on sample
    for each row execute function refuse_change();
create trigger sample_no_truncate before truncate on sample
    for each statement execute function refuse_change();

create table sample_case (
    sample     bigint not null references sample,
    number     text collate "C" not null references cases (number),
    why        text not null constraint sample_case_why_check check (why in ('drawn', 'contradicted')),
    checked    timestamptz,
    checked_by text,
    ok         boolean,
    finding    text,
    primary key (sample, number),
    check ((checked is null) = (checked_by is null) and (checked is null) = (ok is null) and (checked is null) = (finding is null))
);
create trigger sample_case_checked_once before update on sample_case
    for each row when (old.checked is not null) execute function refuse_change();
create trigger sample_case_kept before delete on sample_case
    for each row execute function refuse_change();
create trigger sample_case_no_truncate before truncate on sample_case
    for each statement execute function refuse_change();
