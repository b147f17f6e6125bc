-- Stages of clocks are on the ledger, and what leaves the house is claimed by kind.
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in (
        'picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
        'callback_started', 'callback_answered', 'callback_missed', 'callback_marked', 'outbound_decided',
        'transfer_started', 'transfer_completed', 'transfer_failed',
        'monitor_started', 'monitor_ended', 'recording_started',
        'recording_paused', 'recording_resumed', 'recording_ended',
        'recording_deleted', 'voicemail_deleted', 'legal_hold', 'quality', 'reminded', 'at_risk', 'breached',
        'registered', 'classified', 'notified', 'consulted', 'proposed', 'complained', 'verified', 'violation', 'inquiry', 'adopted', 'solved',
        'handed_over', 'contacted', 'covered', 'escalated', 'found', 'referred_out', 'accepted', 'assigned', 'returned',
        'arbitrated', 'joined', 'reported', 'entered', 'promised', 'kept', 'waiting', 'resumed', 'extension_asked',
        'extended', 'extension_lapsed', 'reassignment_asked', 'responsibility_moved', 'decided', 'caller_told', 'pressed',
        'press_answered', 'handed_off', 'alarm', 'confirmed', 'ordered', 'arrived_on_site', 'relayed', 'report_filed',
        'delivered', 'attempted', 'replied', 'visited', 'reopened', 'refused', 'withdrawn', 'merged', 'closed')),
    drop constraint case_event_turn_check,
    add constraint case_event_turn_check check (case             -- where moves lead; see the table of package cases
        when fact is not null then true                          -- telephony and clocks move nothing
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
        when kind in ('extended', 'extension_lapsed', 'responsibility_moved') then true
        else state not in ('closed', 'refused', 'withdrawn', 'merged') end),
    add constraint case_event_fact_check check (fact is not null or kind not in ('reminded', 'at_risk', 'breached'));

alter table outbox
    add column made timestamptz not null default now(),
    add check (done_at is null or dead_at is null);
drop index outbox_todo;
create index outbox_todo on outbox (kind, not_before, id) where done_at is null and dead_at is null;
create index outbox_dead on outbox (dead_at) where dead_at is not null;

-- What the whole ledger was on a day: the first node to sum it up tells all.
create table ledger_head (
    day    date primary key,
    at     timestamptz not null,
    cases  int not null,
    events bigint not null,
    sum    bytea not null check (length(sum) = 32)
);
create trigger ledger_head_append_only before update or delete on ledger_head
    for each row execute function refuse_change();
