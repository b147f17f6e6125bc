-- Every look into a message.
create table voicemail_access (
    id      bigint generated always as identity primary key,
    case_id bigint not null references cases,
    at      timestamptz not null default now(),
    who     text not null check (who <> ''),       -- user, or by which token
    source  text not null,                         -- address
    part    text not null                          -- Range header field; empty: all of it
);
create index voicemail_access_case on voicemail_access (case_id, id);
create trigger voicemail_access_append_only before update or delete on voicemail_access
    for each row execute function refuse_change();
create trigger voicemail_access_no_truncate before truncate on voicemail_access
    for each statement execute function refuse_change();
