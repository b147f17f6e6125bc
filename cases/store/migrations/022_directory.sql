-- Who is who: every version there was, with who made it and what it changed; and what
-- proves who somebody is, which is in no version.
create table directory_version (
    version  int primary key check (version > 0),
    at       timestamptz not null default now(),
    by       text not null check (by <> ''),          -- user, or who gave the command
    changes  jsonb not null check (jsonb_typeof(changes) = 'array'),
    document jsonb not null check (jsonb_typeof(document) = 'object')
);
create trigger directory_version_append_only before update or delete on directory_version
    for each row execute function refuse_change();
create trigger directory_version_no_truncate before truncate on directory_version
    for each statement execute function refuse_change();

-- Phones' passwords, as the two HA1 of RFC 7616 3.4.2: one row for each realm that nodes have.
create table phone_secret (
    username   text not null,
    realm      text not null,
    ha1_md5    text not null check (ha1_md5 ~ '^[0-9a-f]{32}$'),
    ha1_sha256 text not null check (ha1_sha256 ~ '^[0-9a-f]{64}$'),
    primary key (username, realm)
);
insert into phone_secret select username, realm, ha1_md5, ha1_sha256 from person;

-- Who is or was there, as the newest version that knows him has him: for what is counted
-- by department. Who is gone stays; his extension may be another's.
alter table person
    drop constraint person_extension_key,
    drop column realm, drop column ha1_md5, drop column ha1_sha256;

create table console_secret (
    username text primary key,
    hash     text not null check (hash like '$argon2id$%')
);
