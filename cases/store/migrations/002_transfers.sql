-- Transfers of calls in the ledger of their case.
alter table case_event
    drop constraint case_event_kind_check,
    add constraint case_event_kind_check check (kind in ('picked_up', 'missed', 'ended',
                                                         'transfer_started', 'transfer_completed', 'transfer_failed'));
