-- What agents must find as they left it, as the node that saw it last says.
create table agent_duty (
    username text primary key,
    changed  timestamptz not null,                -- by the clock of that node
    stored   timestamptz not null default now(),
    paused   bool not null,
    reason   text not null,                       -- of the pause
    said     timestamptz not null,                -- when a pause last began or ended; -infinity: never
    wrap_up  timestamptz,                         -- its end; null: none
    idle     timestamptz not null,                -- since when he has had no call
    rung     timestamptz,                         -- when his phone last began to ring; null: never
    calls    int not null check (calls >= 0),     -- of queues, on the day of changed
    talked   interval not null,                   -- on that day
    missed   int not null check (missed >= 0),    -- times in a row that his phone rang in vain
    check (paused or reason = '')
);
create index agent_duty_stored on agent_duty (stored);

-- Which node has an agent in a call, or rings him. Nobody else may meanwhile. A node
-- that dies loses him when its lease runs out. Leases need not outlive PostgreSQL.
create unlogged table agent_lease (
    username text primary key,
    node     int not null,
    call     text not null,
    until    timestamptz not null                 -- by the clock of the database
) with (fillfactor = 50);

-- Which nodes are alive.
create table node_lease (
    node  int primary key,
    until timestamptz not null                    -- by the clock of the database
);
