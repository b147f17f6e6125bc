-- Callers who keep their place in line for a callback, and those who leave a message.
alter table call
    drop constraint call_missed_check,
    add constraint call_missed_check check (missed in ('abandoned', 'no_answer', 'refused', 'interrupted',
                                                       'callback_taken', 'voicemail'));
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in ('picked_up', 'missed', 'ended', 'callback_taken', 'voicemail',
                                                         'transfer_started', 'transfer_completed', 'transfer_failed'));

-- Where a caller stands in line who has hung up. He does so while his case owes a
-- callback; a row of another case is history.
create table place (
    case_id bigint primary key references cases,
    call    uuid not null references call,        -- in which he took the callback
    number  text not null check (number <> ''),   -- to be called
    queue   text not null,
    since   timestamptz not null                  -- when he began to wait
);

create table voicemail (
    case_id bigint primary key references cases,
    call    uuid not null references call,        -- also the id of the message's file
    length  interval not null check (length > '0')
);
