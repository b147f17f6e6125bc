-- Calls to the outside as limits count them, and calls that money ended.
create table outbound_call (
    id      uuid primary key,
    actor   text not null,                        -- user on whose behalf
    placed  timestamptz not null,
    counted timestamptz not null,                 -- when it was last, at its end at the latest
    cost    bigint not null check (cost >= 0)     -- of the day of counted, in thousandths of the currency's unit
);
create index outbound_call_counted on outbound_call (counted);

alter table call
    drop constraint call_cause_check,
    add constraint call_cause_check check (cause in ('caller', 'agent', 'rtp_timeout', 'shutdown', 'failure', 'interrupted', 'spent'));
