-- Where a node takes SIP from the others, over UDP: host:port, or nothing.
alter table node_lease add column sip text not null default '';
