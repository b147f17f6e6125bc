-- What is counted in the transaction that decides it, and what a clock is to figures.

-- Sums that only grow. Each node adds to rows of its own, so that nobody waits for another
-- node; what a scanner adds has the negative slot of its node, so that it waits for no move.
create table kpi_counter (
    name   text not null,                               -- of the metric, without shouwen_state_ and _total
    labels jsonb not null,
    slot   int not null,
    value  bigint not null,
    day    date not null,                               -- when it was last counted, where the organisation is
    today  bigint not null,                             -- what was counted on that day
    primary key (name, labels, slot)
) with (fillfactor = 50);

alter table cases
    add column desk   text not null default 'other',    -- department of who has the case: its own, or that of who is responsible
    add column handed int not null default 0,           -- how often it was handed over
    add column level  smallint not null default 0,      -- how far up somebody took it, 1 to 4; 0: nobody did
    add column repeat boolean;                          -- the same person about the same matter as in the seven days before; null: not known yet
update cases c set
    desk = coalesce(nullif(c.department, ''), (select nullif(p.department, '') from person p where p.username = c.responsible), 'other'),
    handed = coalesce(jsonb_array_length(c.file -> 'handed'), 0)
where c.state not in ('closed', 'refused', 'withdrawn', 'merged');

alter table deadline
    add column desk       text not null default 'other',   -- department of whose it is
    add column at_risk_at timestamptz,                      -- null: it is never at risk
    add column paused     boolean not null default false,   -- and has no due time meanwhile
    add column level      smallint not null default 0,      -- how far up its breach was escalated, 1 to 4; 0: not at all
    add column breached   boolean not null default false;   -- and that was counted
update deadline set breached = true where fired_at is not null;
update deadline d set
    desk = c.desk,
    at_risk_at = (jsonb_path_query_first(d.stages, '$[*] ? (@.kind == "at_risk")') ->> 'at')::timestamptz,
    paused = d.due_at is null and coalesce(jsonb_path_exists(d.clock, '$.pauses[last] ? (!exists(@.to))'), false)
from cases c where c.id = d.case_id and d.state in ('armed', 'fired');
