-- Where the message is, below the folder of messages.
alter table voicemail add column file text not null default '';
