-- When nobody was on post where somebody had to be. What was not told of to anybody, because
-- it was short, is deleted when it ends.
create table station_gap (
    id       bigint generated always as identity primary key,
    kind     text not null constraint station_gap_kind_check check (kind in ('post', 'queue', 'department')),
    name     text not null,
    from_at  timestamptz not null,
    told_at  timestamptz check (told_at >= from_at),
    until_at timestamptz check (until_at >= told_at)
);
create unique index station_gap_open on station_gap (kind, name) where until_at is null;
create index station_gap_from on station_gap (from_at) where told_at is not null;
create trigger station_gap_kept before delete on station_gap
    for each row when (old.told_at is not null) execute function refuse_change();
create trigger station_gap_over before update on station_gap
    for each row when (old.until_at is not null) execute function refuse_change();
