-- Recordings and messages are deleted by the node whose disk they are on; 0: not known.
alter table recording add column node int not null default 0;
alter table voicemail add column node int not null default 0;
