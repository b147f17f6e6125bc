-- What has left the house is forgotten after a while.
create index outbox_done on outbox (done_at) where done_at is not null;
