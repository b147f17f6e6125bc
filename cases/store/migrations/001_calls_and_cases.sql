-- Calls, cases, their ledger and clocks; the phones' bindings and the people.
-- Times are timestamptz; the sets in the CHECKs are those of package cases.

-- Facts already projected. Replaying one again finds its id here.
create table inbox (
    fact       uuid primary key,
    applied_at timestamptz not null default now()
);

-- Facts that can never be projected, kept for a person to look at.
create table dead_letter (
    fact        text primary key,
    case_number text collate "C" not null default '',
    body        json not null,
    error       text not null,
    rejected_at timestamptz not null default now()
);

-- Every caller who reached us, answered or not.
create table call (
    id         uuid primary key,
    caller     text not null,                     -- E.164, a short code or an extension; empty: withheld
    caller_raw text not null,                     -- as received
    display    text not null,
    withheld   boolean not null,
    verified   boolean not null,                  -- a trusted trunk vouched for the number
    diverted   text[] not null,                   -- who forwarded the call, first to last
    hotline    text not null,
    trunk      text not null,
    arrived    timestamptz not null,
    answered   timestamptz,                       -- first pick-up
    agent      text not null,                     -- who picked up first
    extension  text not null,
    waited     interval not null,                 -- in the queue, until picked up or missed
    ended      timestamptz,
    missed     text check (missed in ('abandoned', 'no_answer', 'refused', 'interrupted')),
    cause      text check (cause in ('caller', 'agent', 'rtp_timeout', 'shutdown', 'failure', 'interrupted')),
    talk       interval not null,                 -- pick-up to end
    check ((answered is null) = (agent = '')),
    check ((ended is null) = (missed is null and cause is null)),
    check (missed is null or cause is null),
    check (cause is null or answered is not null)
);

-- Whose phones were rung for a call.
create table offer (
    call   uuid not null references call,
    fact   uuid not null unique,
    round  int not null check (round > 0),
    at     timestamptz not null,
    agents text[] not null,
    reason text not null,
    primary key (call, fact)
);

create table cases (
    id          bigint generated always as identity primary key,
    number      text collate "C" not null unique,
    call        uuid not null references call,    -- that opened it
    state       text not null check (state in ('open', 'registered', 'solved', 'handed_over', 'accepted', 'result_in',
                                               'replied', 'visited', 'closed', 'refused', 'withdrawn', 'merged')),
    opened      timestamptz not null,
    caller      text not null,                    -- the number it is looked up by; empty: withheld
    first_asker text not null,                    -- written once; empty while nobody picked up
    responsible text not null,
    handler     text not null,
    events      int not null check (events > 0),  -- length of the ledger, also the version of the row
    head        bytea not null check (length(head) = 32),
    check ((first_asker = '') = (responsible = ''))
);
create index cases_opened on cases (opened, number);
create index cases_caller on cases (caller, opened, number) where caller <> '';
create index cases_first_asker on cases (first_asker, opened, number);
create index cases_state on cases (state, opened, number);

-- The ledger: hash-chained per case, never changed.
create table case_event (
    case_id bigint not null references cases,
    seq     int not null check (seq > 0),
    kind    text not null check (kind in ('picked_up', 'missed', 'ended')),
    state   text not null check (state in ('open', 'registered', 'solved', 'handed_over', 'accepted', 'result_in',
                                           'replied', 'visited', 'closed', 'refused', 'withdrawn', 'merged')),
    at      timestamptz not null,
    by      text not null,                        -- empty: the system
    fact    uuid not null unique,
    body    json not null,                        -- json, not jsonb: the hash covers its exact bytes
    hash    bytea not null check (length(hash) = 32),
    primary key (case_id, seq)
);

create table deadline (
    id       bigint generated always as identity primary key,
    case_id  bigint not null references cases,
    kind     text not null,
    gen      int not null,                        -- seq of the event that armed it
    due_at   timestamptz not null,
    state    text not null default 'armed' check (state in ('armed', 'fired', 'met', 'cancelled')),
    fired_at timestamptz,
    fired_by text,
    unique (case_id, kind, gen),
    check (state <> 'fired' or fired_at is not null)
);
create index deadline_due on deadline (due_at) where state = 'armed';
create index deadline_owed on deadline (kind, due_at) where state in ('armed', 'fired');

-- What the registrar knows of phones (RFC 3261 10, RFC 3327, RFC 5626).
create table binding (
    username   text not null,
    contact    text not null,                     -- URI
    instance   text not null,
    reg_id     int not null,
    path       text[] not null,
    transport  text not null,                     -- the flow its REGISTER came by
    local      text not null,
    remote     text not null,
    expires    timestamptz not null,
    updated    timestamptz not null,
    call_id    text not null,
    cseq       bigint not null,
    q          real not null,
    user_agent text not null,
    node       int not null,                      -- holder of the flow
    primary key (username, contact)
);

create table person (
    username   text primary key,
    name       text not null,
    extension  text not null unique deferrable initially deferred, -- two people may swap
    department text not null,
    rank       int not null,                      -- the higher wins a tie
    realm      text not null,                     -- of the two HA1
    ha1_md5    text not null check (ha1_md5 ~ '^[0-9a-f]{32}$'),
    ha1_sha256 text not null check (ha1_sha256 ~ '^[0-9a-f]{64}$')
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op
        using errcode = 'integrity_constraint_violation';
end $$;

create trigger case_event_append_only before update or delete on case_event
    for each row execute function refuse_change();
create trigger case_event_no_truncate before truncate on case_event
    for each statement execute function refuse_change();

create function keep_first_asker() returns trigger language plpgsql as $$
begin
    raise exception 'case %: the first-asker is written once', old.number
        using errcode = 'integrity_constraint_violation';
end $$;

create trigger cases_first_asker before update on cases
    for each row when (old.first_asker <> '' and new.first_asker is distinct from old.first_asker)
    execute function keep_first_asker();
