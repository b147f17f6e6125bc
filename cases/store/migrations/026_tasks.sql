-- Tasks, and who takes over what another should not have picked up.
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in (
        'picked_up', 'missed', 'ended', 'callback_taken', 'voicemail', 'flow_left', 'emergency',
        'callback_started', 'callback_answered', 'callback_missed', 'callback_marked', 'outbound_decided',
        'transfer_started', 'transfer_switched', 'transfer_completed', 'transfer_failed',
        'monitor_started', 'monitor_ended', 'recording_started',
        'recording_paused', 'recording_resumed', 'recording_ended',
        'recording_deleted', 'voicemail_deleted', 'legal_hold', 'quality', 'summoned', 'message_delivered', 'linked', 'reminded', 'at_risk', 'breached',
        'registered', 'classified', 'notified', 'consulted', 'proposed', 'complained', 'verified', 'violation', 'inquiry', 'adopted', 'solved',
        'handed_over', 'contacted', 'covered', 'escalated', 'found', 'referred_out', 'accepted', 'assigned', 'returned',
        'arbitrated', 'joined', 'reported', 'entered', 'promised', 'kept', 'waiting', 'resumed', 'extension_asked',
        'extended', 'extension_lapsed', 'reassignment_asked', 'responsibility_moved', 'decided', 'caller_told', 'pressed',
        'press_answered', 'handed_off', 'alarm', 'confirmed', 'ordered', 'arrived_on_site', 'relayed', 'report_filed',
        'delivered', 'attempted', 'replied', 'visited', 'reopened', 'refused', 'withdrawn', 'merged', 'taken', 'entrusted', 'finished', 'closed'));

create index cases_flags on cases using gin ((file #> '{matter,flags}')) where file #> '{matter,flags}' is not null; -- few have any
