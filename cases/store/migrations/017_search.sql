-- Cases are found by what was written down of them. Trigrams find a part of a text
-- however long the list is; they come with PostgreSQL as the extension pg_trgm.
do $$ begin
    create extension if not exists pg_trgm;
exception
    when insufficient_privilege then
        raise exception 'the search of cases needs the extension pg_trgm, which the role % may not create: have the owner of the database run: create extension pg_trgm in database %',
            current_user, quote_ident(current_database());
    when undefined_file or feature_not_supported then
        raise exception 'the search of cases needs the extension pg_trgm, which is not installed on the server of the database: install the contrib package of its PostgreSQL';
end $$;

-- What a text is looked for in. A word of two Chinese characters is too short for
-- trigrams: an X behind each of them, which no lower-case text has, makes it one.
create function sought(text) returns text language sql immutable strict parallel safe as $$
    select regexp_replace(lower($1), '([㐀-鿿豈-﫿])', '\1X', 'g')
$$;

alter table cases
    add column words text generated always as (sought(
        caller || E'\n' || coalesce(file #>> '{matter,phone}', '') || E'\n' || coalesce(file #>> '{matter,name}', '') || E'\n'
        || coalesce(file #>> '{matter,content}', '') || E'\n' || coalesce(file #>> '{matter,address}', '') || E'\n'
        || coalesce(file #>> '{matter,organisation}', '') || E'\n' || coalesce(file #>> '{result,result}', ''))) stored,
    alter column words set statistics 1000;                 -- how rare a word is decides how it is looked for
create index cases_words on cases using gin (words gin_trgm_ops) with (fastupdate = off); -- no move waits for others' entries
