-- Callbacks being made: calls of our own, and how far each callback has come.
alter table call
    add column calls_back text collate "C" not null default '', -- number of the case whose caller was called; empty: he called
    drop constraint call_missed_check,
    add constraint call_missed_check check (missed in ('abandoned', 'no_answer', 'refused', 'interrupted',
                                                       'not_reached', 'callback_taken', 'voicemail', 'self_served'));
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in ('picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
                                                         'callback_started', 'callback_answered', 'callback_missed', 'callback_marked',
                                                         'outbound_decided',
                                                         'transfer_started', 'transfer_completed', 'transfer_failed',
                                                         'monitor_started', 'monitor_ended', 'recording_started',
                                                         'recording_paused', 'recording_resumed', 'recording_ended',
                                                         'recording_deleted', 'legal_hold', 'quality'));

create table callback (
    case_id   bigint primary key references cases,
    attempts  int not null check (attempts >= 0),  -- since it was owed
    result    text not null constraint callback_result_check
              check (result in ('', 'reached', 'busy', 'no_answer', 'rejected', 'invalid_number', 'failed', 'denied',
                                'cancelled', 'wrong_number', 'voicemail')), -- of the last attempt
    call      text not null,                       -- of the last attempt
    next      timestamptz,                         -- of the next attempt by Shouwen itself; null: none
    exhausted boolean not null                     -- it is the supervisor's
);
create index callback_next on callback (next) where next is not null;
