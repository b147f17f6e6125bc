-- Steps of inspections already taken: a repeated one finds its key here.
alter table inspection_step add column key uuid unique; -- null: from before there were keys
