-- Messages have their time, like recordings.
alter table voicemail
    add column keep_until timestamptz,                  -- then the file is deleted; null: never
    add column deleted    timestamptz;
create index voicemail_keep_until on voicemail (keep_until) where deleted is null;

alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in (
        'picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
        'callback_started', 'callback_answered', 'callback_missed', 'callback_marked', 'outbound_decided',
        'transfer_started', 'transfer_completed', 'transfer_failed',
        'monitor_started', 'monitor_ended', 'recording_started',
        'recording_paused', 'recording_resumed', 'recording_ended',
        'recording_deleted', 'voicemail_deleted', 'legal_hold', 'quality',
        'registered', 'classified', 'notified', 'consulted', 'proposed', 'complained', 'verified', 'adopted', 'solved',
        'handed_over', 'contacted', 'covered', 'escalated', 'found', 'referred_out', 'accepted', 'assigned', 'returned',
        'arbitrated', 'joined', 'reported', 'entered', 'promised', 'kept', 'waiting', 'resumed', 'extension_asked',
        'extended', 'extension_lapsed', 'reassignment_asked', 'responsibility_moved', 'decided', 'caller_told', 'pressed',
        'press_answered', 'handed_off', 'alarm', 'confirmed', 'ordered', 'arrived_on_site', 'relayed', 'report_filed',
        'delivered', 'attempted', 'replied', 'visited', 'reopened', 'refused', 'withdrawn', 'merged', 'closed')),
    drop constraint case_event_turn_check,
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
                      'recording_paused', 'recording_resumed', 'recording_ended', 'recording_deleted', 'voicemail_deleted', 'legal_hold', 'quality',
                      'extended', 'extension_lapsed', 'responsibility_moved') then true
        else state not in ('closed', 'refused', 'withdrawn', 'merged') end);
