-- What people do to cases, the clocks that follow from it, and what leaves the house.
alter table cases
    add column department text not null default '',     -- that has the case; empty: the first-asker's own
    add column file       jsonb not null default '{}',  -- what the moves have put on record
    add column milestones jsonb not null default '{}',  -- when each was first reached
    add column class      text generated always as (coalesce(file #>> '{matter,class}', '')) stored,
    add column category   text generated always as (coalesce(file #>> '{matter,category}', '')) stored,
    add column name       text generated always as (coalesce(file #>> '{matter,name}', '')) stored,
    add column content    text generated always as (coalesce(file #>> '{matter,content}', '')) stored,
    add column accused    text generated always as (coalesce(file ->> 'accused', '')) stored,
    add constraint cases_department_check check (department <> '' or state not in ('handed_over', 'accepted', 'result_in'));
create index cases_department on cases (department, opened, number) where department <> '';
create index cases_handler on cases (handler, opened, number) where handler <> '';
create index cases_responsible on cases (responsible, opened, number) where responsible <> '';

-- Moves already made: a repeated one finds its key here.
create table move (
    key     uuid primary key,
    case_id bigint not null references cases,
    seq     int not null,                               -- of its first event
    made    timestamptz not null default now()
);

alter table case_event
    alter column fact drop not null,                    -- of moves
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in (
        'picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
        'callback_started', 'callback_answered', 'callback_missed', 'callback_marked', 'outbound_decided',
        'transfer_started', 'transfer_completed', 'transfer_failed',
        'monitor_started', 'monitor_ended', 'recording_started',
        'recording_paused', 'recording_resumed', 'recording_ended',
        'recording_deleted', 'legal_hold', 'quality',
        'registered', 'classified', 'notified', 'consulted', 'proposed', 'complained', 'verified', 'adopted', 'solved',
        'handed_over', 'contacted', 'covered', 'escalated', 'found', 'referred_out', 'accepted', 'assigned', 'returned',
        'arbitrated', 'joined', 'reported', 'entered', 'promised', 'kept', 'waiting', 'resumed', 'extension_asked',
        'extended', 'extension_lapsed', 'reassignment_asked', 'responsibility_moved', 'decided', 'caller_told', 'pressed',
        'press_answered', 'handed_off', 'alarm', 'confirmed', 'ordered', 'arrived_on_site', 'relayed', 'report_filed',
        'delivered', 'attempted', 'replied', 'visited', 'reopened', 'refused', 'withdrawn', 'merged', 'closed')),
    add constraint case_event_turn_check check (case             -- where moves lead; see the table of package cases
        when kind in ('solved', 'handed_over', 'accepted', 'refused', 'withdrawn', 'merged', 'closed') then state = kind
        when kind = 'arbitrated' then state = 'handed_over'
        when kind = 'assigned' then state in ('handed_over', 'accepted')
        when kind = 'returned' then state in ('registered', 'handed_over')
        when kind = 'joined' then state in ('registered', 'handed_over', 'accepted')
        when kind = 'reported' then state = 'result_in'
        when kind = 'entered' then state in ('result_in', 'replied', 'visited')
        when kind = 'replied' then state in ('registered', 'solved', 'accepted', 'result_in', 'replied')
        when kind = 'visited' then state in ('registered', 'accepted', 'replied', 'visited')
        when kind = 'reopened' then state in ('registered', 'accepted')
        when kind = 'verified' then state <> 'merged'
        when kind in ('picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency', 'callback_started',
                      'callback_answered', 'callback_missed', 'callback_marked', 'outbound_decided', 'transfer_started',
                      'transfer_completed', 'transfer_failed', 'monitor_started', 'monitor_ended', 'recording_started',
                      'recording_paused', 'recording_resumed', 'recording_ended', 'recording_deleted', 'legal_hold', 'quality',
                      'extended', 'extension_lapsed', 'responsibility_moved') then true
        else state not in ('closed', 'refused', 'withdrawn', 'merged') end);

-- A clock has stages; next_at is when the next of them makes itself heard.
alter table deadline
    alter column due_at drop not null,                  -- only measured, or paused
    add column clock   jsonb,                           -- as package cases has it; null: telephony's own
    add column stages  jsonb not null default '[]',     -- [{"kind", "level", "at", "to"}] in order
    add column stage   int not null default 0,          -- how many of them came
    add column next_at timestamptz;                     -- null: none comes
update deadline set stages = json_build_array(json_build_object('kind', 'breach', 'at', due_at)), next_at = due_at where state = 'armed';
drop index deadline_due;
create index deadline_next on deadline (next_at) where next_at is not null;
create unique index deadline_running on deadline (case_id, kind) where state in ('armed', 'fired');

-- What is to leave the house, at least once: whoever gets it tells repeats by the key.
create table outbox (
    id           bigint generated always as identity primary key,
    key          text not null unique,
    kind         text not null,                         -- what happened: stage, …
    payload      jsonb not null,
    not_before   timestamptz not null default now(),
    leased_until timestamptz,
    attempts     int not null default 0,
    error        text not null default '',
    done_at      timestamptz,
    dead_at      timestamptz                            -- given up
);
create index outbox_todo on outbox (not_before) where done_at is null and dead_at is null;
