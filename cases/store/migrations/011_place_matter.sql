-- What a caller who stands in line for a callback wants, as the queue knows it.
alter table place
    add column priority int not null default 0,   -- 0 to 10
    add column avoid text not null default '';    -- extension of who is not to be rung for him
