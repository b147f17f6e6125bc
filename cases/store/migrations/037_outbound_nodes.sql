-- The limits of calls to the outside are those of all nodes together.
alter table outbound_call
    add column node    int not null default 0,           -- that placed it
    add column up      boolean not null default false,
    add column changed timestamptz not null default now(); -- by the clock of the database
create index outbound_call_changed on outbound_call (changed);
create index outbound_call_up on outbound_call (node) where up;
