-- What a move writes goes beside the old row, without an entry in any index, as long as
-- there is room on its page and no index looks into the file as a whole.
set local maintenance_work_mem = '512MB'; -- of many cases, else this takes minutes
drop index cases_tasked, cases_asked, cases_flags, cases_verified;
alter table cases
    set (fillfactor = 80),
    add column flags    jsonb generated always as (file #> '{matter,flags}') stored,
    add column verified jsonb generated always as (file -> 'verified') stored,
    add column tasked   boolean not null generated always as (file ? 'tasks') stored,
    add column asked    boolean not null generated always as (file ?| '{extend,reassign}') stored;
create index cases_flags on cases using gin (flags) where flags is not null;                             -- few have any
create index cases_verified on cases using gin (verified jsonb_path_ops) where verified is not null;     -- how often what was verified against whom
create index cases_tasked on cases (id) where tasked and state not in ('closed', 'refused', 'withdrawn', 'merged');
create index cases_asked on cases (opened, number) where asked;

alter table outbox set (fillfactor = 50); -- a claim is written beside the row
