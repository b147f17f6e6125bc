-- Clocks of what inspections found make themselves heard.
alter table inspection add column next_at timestamptz;      -- when the next stage comes; null: none does
update inspection set next_at = now() where open;           -- whoever fires it finds out
create index inspection_next on inspection (next_at) where next_at is not null;
alter table inspection_step
    drop constraint inspection_step_by_check,
    add constraint inspection_step_by_check check (by <> '' or step in ('reminded', 'at_risk', 'breached', 'escalated')); -- empty: a clock
