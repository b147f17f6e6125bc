-- How callers left the flow before the queue, and what they said of the service.
alter table call
    add column flow json,                         -- the fact flow_left before the queue
    add column emergency timestamptz,             -- when the caller pressed the emergency key
    drop constraint call_missed_check,
    add constraint call_missed_check check (missed in ('abandoned', 'no_answer', 'refused', 'interrupted',
                                                       'callback_taken', 'voicemail', 'self_served'));

alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in ('picked_up', 'missed', 'ended', 'callback_taken', 'voicemail',
                                                         'flow_left', 'emergency',
                                                         'transfer_started', 'transfer_completed', 'transfer_failed'));

-- Scores of surveys, before and after the call.
create table score (
    call  uuid not null references call,
    fact  uuid not null,
    node  text not null,                          -- the survey's, in its flow
    score int not null check (score between 1 and 5),
    at    timestamptz not null,
    primary key (fact, node)
);
create index score_call on score (call);
