-- Supervisors on the line, recordings with who listened to them, quality of calls.
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in ('picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
                                                         'transfer_started', 'transfer_completed', 'transfer_failed',
                                                         'monitor_started', 'monitor_ended', 'recording_started',
                                                         'recording_paused', 'recording_resumed', 'recording_ended',
                                                         'recording_deleted', 'legal_hold', 'quality'));

alter table cases add column legal_hold boolean not null default false; -- recordings are kept whatever their time

create table recording (
    call       uuid primary key references call,  -- also the name of the file
    case_id    bigint not null references cases,
    mode       text not null check (mode in ('always', 'on_demand', 'share')),
    started    timestamptz not null,
    ended      timestamptz,                       -- null: under way
    result     text check (result in ('ok', 'partial', 'failed')),
    reason     text not null default '',          -- why it is not whole
    file       text not null default '',          -- below the folder of recordings; empty: none yet, or none
    length     interval not null default '0',
    bytes      bigint not null default 0,
    sha256     bytea check (length(sha256) = 32),
    pauses     json not null default '[]',        -- [{"from_seconds": …, "until_seconds": …}]
    keep_until timestamptz,                       -- null: for good
    deleted    timestamptz,
    check ((ended is null) = (result is null)),
    check ((file = '') = (sha256 is null))
);
create index recording_case on recording (case_id, started);
create index recording_due on recording (keep_until) where deleted is null;

-- Every look into a recording.
create table recording_access (
    id     bigint generated always as identity primary key,
    call   uuid not null references recording,
    at     timestamptz not null default now(),
    who    text not null check (who <> ''),       -- user, or by which token
    source text not null,                         -- address
    part   text not null                          -- Range header field; empty: all of it
);
create index recording_access_call on recording_access (call, id);
create trigger recording_access_append_only before update or delete on recording_access
    for each row execute function refuse_change();
create trigger recording_access_no_truncate before truncate on recording_access
    for each statement execute function refuse_change();
