-- A database of schema 5 with five cases: recorded, transferred and surveyed, missed, a callback taken, a message left.
-- Written by pg_dump --inserts of the program that had it; see TestAnOldDatabaseIsBroughtUpToDate.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.keep_first_asker() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'case %: the first-asker is written once', old.number
        using errcode = 'integrity_constraint_violation';
end $$;
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op
        using errcode = 'integrity_constraint_violation';
end $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.binding (
    username text NOT NULL,
    contact text NOT NULL,
    instance text NOT NULL,
    reg_id integer NOT NULL,
    path text[] NOT NULL,
    transport text NOT NULL,
    local text NOT NULL,
    remote text NOT NULL,
    expires timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    call_id text NOT NULL,
    cseq bigint NOT NULL,
    q real NOT NULL,
    user_agent text NOT NULL,
    node integer NOT NULL
);
CREATE TABLE public.call (
    id uuid NOT NULL,
    caller text NOT NULL,
    caller_raw text NOT NULL,
    display text NOT NULL,
    withheld boolean NOT NULL,
    verified boolean NOT NULL,
    diverted text[] NOT NULL,
    hotline text NOT NULL,
    trunk text NOT NULL,
    arrived timestamp with time zone NOT NULL,
    answered timestamp with time zone,
    agent text NOT NULL,
    extension text NOT NULL,
    waited interval NOT NULL,
    ended timestamp with time zone,
    missed text,
    cause text,
    talk interval NOT NULL,
    flow json,
    emergency timestamp with time zone,
    CONSTRAINT call_cause_check CHECK ((cause = ANY (ARRAY['caller'::text, 'agent'::text, 'rtp_timeout'::text, 'shutdown'::text, 'failure'::text, 'interrupted'::text]))),
    CONSTRAINT call_check CHECK (((answered IS NULL) = (agent = ''::text))),
    CONSTRAINT call_check1 CHECK (((ended IS NULL) = ((missed IS NULL) AND (cause IS NULL)))),
    CONSTRAINT call_check2 CHECK (((missed IS NULL) OR (cause IS NULL))),
    CONSTRAINT call_check3 CHECK (((cause IS NULL) OR (answered IS NOT NULL))),
    CONSTRAINT call_missed_check CHECK ((missed = ANY (ARRAY['abandoned'::text, 'no_answer'::text, 'refused'::text, 'interrupted'::text, 'callback_taken'::text, 'voicemail'::text, 'self_served'::text])))
);
CREATE TABLE public.case_event (
    case_id bigint NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    fact uuid NOT NULL,
    body json NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT case_event_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT case_event_kind_check CHECK ((kind = ANY (ARRAY['picked_up'::text, 'missed'::text, 'ended'::text, 'callback_taken'::text, 'voicemail'::text, 'flow_left'::text, 'emergency'::text, 'transfer_started'::text, 'transfer_completed'::text, 'transfer_failed'::text, 'monitor_started'::text, 'monitor_ended'::text, 'recording_started'::text, 'recording_paused'::text, 'recording_resumed'::text, 'recording_ended'::text, 'recording_deleted'::text, 'legal_hold'::text, 'quality'::text]))),
    CONSTRAINT case_event_seq_check CHECK ((seq > 0)),
    CONSTRAINT case_event_state_check CHECK ((state = ANY (ARRAY['open'::text, 'registered'::text, 'solved'::text, 'handed_over'::text, 'accepted'::text, 'result_in'::text, 'replied'::text, 'visited'::text, 'closed'::text, 'refused'::text, 'withdrawn'::text, 'merged'::text])))
);
CREATE TABLE public.cases (
    id bigint NOT NULL,
    number text NOT NULL COLLATE pg_catalog."C",
    call uuid NOT NULL,
    state text NOT NULL,
    opened timestamp with time zone NOT NULL,
    caller text NOT NULL,
    first_asker text NOT NULL,
    responsible text NOT NULL,
    handler text NOT NULL,
    events integer NOT NULL,
    head bytea NOT NULL,
    legal_hold boolean DEFAULT false NOT NULL,
    CONSTRAINT cases_check CHECK (((first_asker = ''::text) = (responsible = ''::text))),
    CONSTRAINT cases_events_check CHECK ((events > 0)),
    CONSTRAINT cases_head_check CHECK ((length(head) = 32)),
    CONSTRAINT cases_state_check CHECK ((state = ANY (ARRAY['open'::text, 'registered'::text, 'solved'::text, 'handed_over'::text, 'accepted'::text, 'result_in'::text, 'replied'::text, 'visited'::text, 'closed'::text, 'refused'::text, 'withdrawn'::text, 'merged'::text])))
);
ALTER TABLE public.cases ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.cases_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.dead_letter (
    fact text NOT NULL,
    case_number text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    body json NOT NULL,
    error text NOT NULL,
    rejected_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.deadline (
    id bigint NOT NULL,
    case_id bigint NOT NULL,
    kind text NOT NULL,
    gen integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    state text DEFAULT 'armed'::text NOT NULL,
    fired_at timestamp with time zone,
    fired_by text,
    CONSTRAINT deadline_check CHECK (((state <> 'fired'::text) OR (fired_at IS NOT NULL))),
    CONSTRAINT deadline_state_check CHECK ((state = ANY (ARRAY['armed'::text, 'fired'::text, 'met'::text, 'cancelled'::text])))
);
ALTER TABLE public.deadline ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deadline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.inbox (
    fact uuid NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.offer (
    call uuid NOT NULL,
    fact uuid NOT NULL,
    round integer NOT NULL,
    at timestamp with time zone NOT NULL,
    agents text[] NOT NULL,
    reason text NOT NULL,
    CONSTRAINT offer_round_check CHECK ((round > 0))
);
CREATE TABLE public.person (
    username text NOT NULL,
    name text NOT NULL,
    extension text NOT NULL,
    department text NOT NULL,
    rank integer NOT NULL,
    realm text NOT NULL,
    ha1_md5 text NOT NULL,
    ha1_sha256 text NOT NULL,
    CONSTRAINT person_ha1_md5_check CHECK ((ha1_md5 ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT person_ha1_sha256_check CHECK ((ha1_sha256 ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.place (
    case_id bigint NOT NULL,
    call uuid NOT NULL,
    number text NOT NULL,
    queue text NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT place_number_check CHECK ((number <> ''::text))
);
CREATE TABLE public.recording (
    call uuid NOT NULL,
    case_id bigint NOT NULL,
    mode text NOT NULL,
    started timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    result text,
    reason text DEFAULT ''::text NOT NULL,
    file text DEFAULT ''::text NOT NULL,
    length interval DEFAULT '00:00:00'::interval NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    sha256 bytea,
    pauses json DEFAULT '[]'::json NOT NULL,
    keep_until timestamp with time zone,
    deleted timestamp with time zone,
    CONSTRAINT recording_check CHECK (((ended IS NULL) = (result IS NULL))),
    CONSTRAINT recording_check1 CHECK (((file = ''::text) = (sha256 IS NULL))),
    CONSTRAINT recording_mode_check CHECK ((mode = ANY (ARRAY['always'::text, 'on_demand'::text, 'share'::text]))),
    CONSTRAINT recording_result_check CHECK ((result = ANY (ARRAY['ok'::text, 'partial'::text, 'failed'::text]))),
    CONSTRAINT recording_sha256_check CHECK ((length(sha256) = 32))
);
CREATE TABLE public.recording_access (
    id bigint NOT NULL,
    call uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    source text NOT NULL,
    part text NOT NULL,
    CONSTRAINT recording_access_who_check CHECK ((who <> ''::text))
);
ALTER TABLE public.recording_access ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.recording_access_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schema_version (
    version integer NOT NULL
);
CREATE TABLE public.score (
    call uuid NOT NULL,
    fact uuid NOT NULL,
    node text NOT NULL,
    score integer NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT score_score_check CHECK (((score >= 1) AND (score <= 5)))
);
CREATE TABLE public.voicemail (
    case_id bigint NOT NULL,
    call uuid NOT NULL,
    length interval NOT NULL,
    CONSTRAINT voicemail_length_check CHECK ((length > '00:00:00'::interval))
);
INSERT INTO public.call VALUES ('0193571f-0000-7000-8000-0000000f4241', '+861055550101', '"A" <sip:+861055550101@192.0.2.1>', '', false, false, '{}', '12345', 'carrier', '2026-11-23 04:01:00.123456+00', '2026-11-23 04:01:02.123456+00', 'agent1', '1001', '00:00:03.5', '2026-11-23 04:01:03.123456+00', NULL, 'caller', '00:01:00', NULL, NULL);
INSERT INTO public.call VALUES ('0193571f-0000-7000-8000-0000000f4242', '+861055550102', '"A" <sip:+861055550102@192.0.2.1>', '', false, false, '{}', '12345', 'carrier', '2026-11-23 04:02:00.123456+00', '2026-11-23 04:02:02.123456+00', 'agent2', '1001', '00:00:03.5', '2026-11-23 04:02:03.123456+00', NULL, 'caller', '00:01:00', NULL, NULL);
INSERT INTO public.call VALUES ('0193571f-0000-7000-8000-0000000f4243', '+861055550101', '"A" <sip:+861055550101@192.0.2.1>', '', false, false, '{}', '12345', 'carrier', '2026-11-23 04:03:00.123456+00', NULL, '', '', '00:00:31', '2026-11-23 04:03:31.123456+00', 'abandoned', NULL, '00:00:00', NULL, NULL);
INSERT INTO public.call VALUES ('0193571f-0000-7000-8000-0000000f4244', '+861055550104', '"A" <sip:+861055550104@192.0.2.1>', '', false, false, '{}', '12345', 'carrier', '2026-11-23 04:04:00.123456+00', NULL, '', '', '00:00:31', '2026-11-23 04:04:31.123456+00', 'callback_taken', NULL, '00:00:00', NULL, NULL);
INSERT INTO public.call VALUES ('0193571f-0000-7000-8000-0000000f4245', '', '"A" <sip:@192.0.2.1>', '', true, false, '{}', '12345', 'carrier', '2026-11-23 04:05:00.123456+00', NULL, '', '', '00:00:31', '2026-11-23 04:05:31.123456+00', 'voicemail', NULL, '00:00:00', NULL, NULL);
INSERT INTO public.case_event VALUES (1, 1, 'picked_up', 'open', '2026-11-23 04:01:02.123456+00', 'agent1', '0193571f-0000-7000-8000-000000000066', '{"call":"0193571f-0000-7000-8000-0000000f4241","caller":{"raw":"\"A\" \u003csip:+861055550101@192.0.2.1\u003e","e164":"+861055550101"},"hotline":"12345","agent":"agent1","extension":"1001","waited_seconds":3.5}', '\xd8aac30f08a147fb7b1f193c139e2a0b7c9bbb999b06aacdfa39a17145ee49ba');
INSERT INTO public.case_event VALUES (1, 2, 'recording_started', 'open', '2026-11-23 04:01:02.123456+00', '', '0193571f-0000-7000-8000-000300000002', '{"mode":"always","announced":true}', '\xf8c4a09d070190d313ca41525998b90ed3f7668bc8b4a1ba56faf6ba175df2c3');
INSERT INTO public.case_event VALUES (1, 3, 'ended', 'open', '2026-11-23 04:01:03.123456+00', '', '0193571f-0000-7000-8000-000000000067', '{"cause":"caller","talk_seconds":60}', '\x15711edd0fc3f2fbd0fafe8885bd8183fba71411e452c3ce081d6836334bbb4f');
INSERT INTO public.case_event VALUES (1, 4, 'recording_ended', 'open', '2026-11-23 04:01:04.123456+00', '', '0193571f-0000-7000-8000-000300000003', '{"result":"ok","file":"2026/11/23/0193571f-0000-7000-8000-0000000f4241.wav","length_seconds":60,"bytes":1920044,"sha256":"abababababababababababababababababababababababababababababababab","pauses":[{"from_seconds":1,"until_seconds":2}],"keep_until":"2026-11-23T05:00:00.123456Z"}', '\x63768ede1db54d5dab0f808a8e00ec58a75c8cba744edf239960e87995f2c793');
INSERT INTO public.case_event VALUES (2, 1, 'picked_up', 'open', '2026-11-23 04:02:02.123456+00', 'agent2', '0193571f-0000-7000-8000-0000000000ca', '{"call":"0193571f-0000-7000-8000-0000000f4242","caller":{"raw":"\"A\" \u003csip:+861055550102@192.0.2.1\u003e","e164":"+861055550102"},"hotline":"12345","agent":"agent2","extension":"1001","waited_seconds":3.5}', '\xc286a7bea9988a999d71e65461fd74f8a787cbdee9d0f6fd5ed1e1fec7db92ac');
INSERT INTO public.case_event VALUES (2, 2, 'transfer_started', 'open', '2026-11-23 04:01:33.123456+00', 'agent2', '0193571f-0000-7000-8000-000300000384', '{"kind":"warm","by":"agent2","to":"agent1","extension":"1001"}', '\x4dd1cf986d68c7568aac4dd49fa2334204912d2ccc25dac2b03492f60d0056a1');
INSERT INTO public.case_event VALUES (2, 3, 'transfer_completed', 'open', '2026-11-23 04:01:43.123456+00', 'agent2', '0193571f-0000-7000-8000-000300000385', '{"kind":"warm","by":"agent2","to":"agent1","extension":"1001","talk_seconds":60,"consulted_seconds":0}', '\x23e0d27068bf0ae0c7592d2ec8b33e309aca939fa691a105537a8cf88f73b977');
INSERT INTO public.case_event VALUES (2, 4, 'ended', 'open', '2026-11-23 04:02:03.123456+00', '', '0193571f-0000-7000-8000-0000000000cb', '{"cause":"caller","talk_seconds":60}', '\x9d33031a249da9df0194b29f020d654e3626064caaa87548c8cee59b9ab7056c');
INSERT INTO public.case_event VALUES (2, 5, 'flow_left', 'open', '2026-11-23 04:02:04.123456+00', '', '0193571f-0000-7000-8000-000300000386', '{"flow":"survey","to":"hangup","scores":{"score":4},"steps":[{"at":"2026-11-23T04:00:00.123456Z","node":"score","on":"key 4"}]}', '\xe1857c7424c9427abc0af3b7308b3695ea8f1dda56a8b3b4e001b1b7080e2383');
INSERT INTO public.case_event VALUES (3, 1, 'missed', 'open', '2026-11-23 04:03:31.123456+00', '', '0193571f-0000-7000-8000-00000000012e', '{"call":"0193571f-0000-7000-8000-0000000f4243","caller":{"raw":"\"A\" \u003csip:+861055550101@192.0.2.1\u003e","e164":"+861055550101"},"hotline":"12345","reason":"abandoned","waited_seconds":31,"callback_due":"2026-11-23T05:03:31.123456Z"}', '\x2453ebd7b8770c221656e99898d4c19cf7744710925b091c68c1dc40d282e260');
INSERT INTO public.case_event VALUES (4, 1, 'callback_taken', 'open', '2026-11-23 04:04:31.123456+00', '', '0193571f-0000-7000-8000-000300000387', '{"number":"+861055550104","queue":"hotline","since":"2026-11-23T04:00:00.123456Z"}', '\x0c9177c09de450e71efcdfa71513ffa8eea5947d4cb92f722dfe46d941b3dbe8');
INSERT INTO public.case_event VALUES (4, 2, 'missed', 'open', '2026-11-23 04:04:31.123456+00', '', '0193571f-0000-7000-8000-000000000192', '{"call":"0193571f-0000-7000-8000-0000000f4244","caller":{"raw":"\"A\" \u003csip:+861055550104@192.0.2.1\u003e","e164":"+861055550104"},"hotline":"12345","reason":"callback_taken","waited_seconds":31,"callback_due":"2026-11-23T05:04:31.123456Z"}', '\x589b07764a5ed9c76fa23aeab4baa982edd2c02f7301f99de53a5c42b61007ef');
INSERT INTO public.case_event VALUES (5, 1, 'voicemail', 'open', '2026-11-23 04:05:31.123456+00', '', '0193571f-0000-7000-8000-000300000388', '{"file":"0193571f-0000-7000-8000-0000000f4245","length_seconds":7}', '\x99c4478fab5bbcd99d897f790bad369acd382faa984e307a5040a59d247804c6');
INSERT INTO public.case_event VALUES (5, 2, 'missed', 'open', '2026-11-23 04:05:31.123456+00', '', '0193571f-0000-7000-8000-0000000001f6', '{"call":"0193571f-0000-7000-8000-0000000f4245","caller":{"raw":"\"A\" \u003csip:@192.0.2.1\u003e","withheld":true},"hotline":"12345","reason":"voicemail","waited_seconds":31,"callback_due":"2026-11-23T05:05:31.123456Z"}', '\x9a77a0bf2a8f1ab4bcf8b6a6b67868cf41890deccd3ffd41e265c3ccc06006ec');
INSERT INTO public.cases OVERRIDING SYSTEM VALUE VALUES (1, '261123-1-0001', '0193571f-0000-7000-8000-0000000f4241', 'open', '2026-11-23 04:01:02.123456+00', '+861055550101', 'agent1', 'agent1', 'agent1', 4, '\x63768ede1db54d5dab0f808a8e00ec58a75c8cba744edf239960e87995f2c793', false);
INSERT INTO public.cases OVERRIDING SYSTEM VALUE VALUES (2, '261123-1-0002', '0193571f-0000-7000-8000-0000000f4242', 'open', '2026-11-23 04:02:02.123456+00', '+861055550102', 'agent2', 'agent2', 'agent1', 5, '\xe1857c7424c9427abc0af3b7308b3695ea8f1dda56a8b3b4e001b1b7080e2383', false);
INSERT INTO public.cases OVERRIDING SYSTEM VALUE VALUES (3, '261123-1-0003', '0193571f-0000-7000-8000-0000000f4243', 'open', '2026-11-23 04:03:31.123456+00', '+861055550101', '', '', '', 1, '\x2453ebd7b8770c221656e99898d4c19cf7744710925b091c68c1dc40d282e260', false);
INSERT INTO public.cases OVERRIDING SYSTEM VALUE VALUES (4, '261123-1-0004', '0193571f-0000-7000-8000-0000000f4244', 'open', '2026-11-23 04:04:31.123456+00', '+861055550104', '', '', '', 2, '\x589b07764a5ed9c76fa23aeab4baa982edd2c02f7301f99de53a5c42b61007ef', false);
INSERT INTO public.cases OVERRIDING SYSTEM VALUE VALUES (5, '261123-1-0005', '0193571f-0000-7000-8000-0000000f4245', 'open', '2026-11-23 04:05:31.123456+00', '', '', '', '', 2, '\x9a77a0bf2a8f1ab4bcf8b6a6b67868cf41890deccd3ffd41e265c3ccc06006ec', false);
INSERT INTO public.deadline OVERRIDING SYSTEM VALUE VALUES (1, 3, 'callback', 1, '2026-11-23 05:03:31.123456+00', 'armed', NULL, NULL);
INSERT INTO public.deadline OVERRIDING SYSTEM VALUE VALUES (2, 4, 'callback', 2, '2026-11-23 05:04:31.123456+00', 'armed', NULL, NULL);
INSERT INTO public.deadline OVERRIDING SYSTEM VALUE VALUES (3, 5, 'callback', 2, '2026-11-23 05:05:31.123456+00', 'armed', NULL, NULL);
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000064', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000065', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000066', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000067', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000000c8', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000000c9', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000000ca', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000000cb', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-00000000012c', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-00000000012d', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-00000000012e', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000190', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000191', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000000000192', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000001f4', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000001f5', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-0000000001f6', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000002', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000003', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000384', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000385', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000386', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000387', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.inbox VALUES ('0193571f-0000-7000-8000-000300000388', '2026-11-26 05:42:38.024332+00');
INSERT INTO public.offer VALUES ('0193571f-0000-7000-8000-0000000f4241', '0193571f-0000-7000-8000-000000000065', 1, '2026-11-23 04:01:01.123456+00', '{agent1,other}', 'all_ready');
INSERT INTO public.offer VALUES ('0193571f-0000-7000-8000-0000000f4242', '0193571f-0000-7000-8000-0000000000c9', 1, '2026-11-23 04:02:01.123456+00', '{agent2,other}', 'all_ready');
INSERT INTO public.offer VALUES ('0193571f-0000-7000-8000-0000000f4243', '0193571f-0000-7000-8000-00000000012d', 1, '2026-11-23 04:03:01.123456+00', '{unused,other}', 'all_ready');
INSERT INTO public.offer VALUES ('0193571f-0000-7000-8000-0000000f4244', '0193571f-0000-7000-8000-000000000191', 1, '2026-11-23 04:04:01.123456+00', '{unused,other}', 'all_ready');
INSERT INTO public.offer VALUES ('0193571f-0000-7000-8000-0000000f4245', '0193571f-0000-7000-8000-0000000001f5', 1, '2026-11-23 04:05:01.123456+00', '{unused,other}', 'all_ready');
INSERT INTO public.person VALUES ('agent1', '一号坐席', '1001', 'desk', 2, 'r', '00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');
INSERT INTO public.place VALUES (4, '0193571f-0000-7000-8000-0000000f4244', '+861055550104', 'hotline', '2026-11-23 04:00:00.123456+00');
INSERT INTO public.recording VALUES ('0193571f-0000-7000-8000-0000000f4241', 1, 'always', '2026-11-23 04:01:02.123456+00', '2026-11-23 04:01:04.123456+00', 'ok', '', '2026/11/23/0193571f-0000-7000-8000-0000000f4241.wav', '00:01:00', 1920044, '\xabababababababababababababababababababababababababababababababab', '[{"from_seconds":1,"until_seconds":2}]', '2026-11-23 05:00:00.123456+00', NULL);
INSERT INTO public.schema_version VALUES (5);
INSERT INTO public.score VALUES ('0193571f-0000-7000-8000-0000000f4242', '0193571f-0000-7000-8000-000300000386', 'score', 4, '2026-11-23 04:02:04.123456+00');
INSERT INTO public.voicemail VALUES (5, '0193571f-0000-7000-8000-0000000f4245', '00:00:07');
SELECT pg_catalog.setval('public.cases_id_seq', 5, true);
SELECT pg_catalog.setval('public.deadline_id_seq', 3, true);
SELECT pg_catalog.setval('public.recording_access_id_seq', 1, false);
ALTER TABLE ONLY public.binding
    ADD CONSTRAINT binding_pkey PRIMARY KEY (username, contact);
ALTER TABLE ONLY public.call
    ADD CONSTRAINT call_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.case_event
    ADD CONSTRAINT case_event_fact_key UNIQUE (fact);
ALTER TABLE ONLY public.case_event
    ADD CONSTRAINT case_event_pkey PRIMARY KEY (case_id, seq);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_number_key UNIQUE (number);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (fact);
ALTER TABLE ONLY public.deadline
    ADD CONSTRAINT deadline_case_id_kind_gen_key UNIQUE (case_id, kind, gen);
ALTER TABLE ONLY public.deadline
    ADD CONSTRAINT deadline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (fact);
ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_fact_key UNIQUE (fact);
ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_pkey PRIMARY KEY (call, fact);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_extension_key UNIQUE (extension) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (username);
ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_pkey PRIMARY KEY (case_id);
ALTER TABLE ONLY public.recording_access
    ADD CONSTRAINT recording_access_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.recording
    ADD CONSTRAINT recording_pkey PRIMARY KEY (call);
ALTER TABLE ONLY public.score
    ADD CONSTRAINT score_pkey PRIMARY KEY (fact, node);
ALTER TABLE ONLY public.voicemail
    ADD CONSTRAINT voicemail_pkey PRIMARY KEY (case_id);
CREATE INDEX cases_caller ON public.cases USING btree (caller, opened, number) WHERE (caller <> ''::text);
CREATE INDEX cases_first_asker ON public.cases USING btree (first_asker, opened, number);
CREATE INDEX cases_opened ON public.cases USING btree (opened, number);
CREATE INDEX cases_state ON public.cases USING btree (state, opened, number);
CREATE INDEX deadline_due ON public.deadline USING btree (due_at) WHERE (state = 'armed'::text);
CREATE INDEX deadline_owed ON public.deadline USING btree (kind, due_at) WHERE (state = ANY (ARRAY['armed'::text, 'fired'::text]));
CREATE INDEX recording_access_call ON public.recording_access USING btree (call, id);
CREATE INDEX recording_case ON public.recording USING btree (case_id, started);
CREATE INDEX recording_due ON public.recording USING btree (keep_until) WHERE (deleted IS NULL);
CREATE INDEX score_call ON public.score USING btree (call);
CREATE TRIGGER case_event_append_only BEFORE DELETE OR UPDATE ON public.case_event FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER case_event_no_truncate BEFORE TRUNCATE ON public.case_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER cases_first_asker BEFORE UPDATE ON public.cases FOR EACH ROW WHEN (((old.first_asker <> ''::text) AND (new.first_asker IS DISTINCT FROM old.first_asker))) EXECUTE FUNCTION public.keep_first_asker();
CREATE TRIGGER recording_access_append_only BEFORE DELETE OR UPDATE ON public.recording_access FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER recording_access_no_truncate BEFORE TRUNCATE ON public.recording_access FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.case_event
    ADD CONSTRAINT case_event_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.deadline
    ADD CONSTRAINT deadline_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);
ALTER TABLE ONLY public.offer
    ADD CONSTRAINT offer_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);
ALTER TABLE ONLY public.recording_access
    ADD CONSTRAINT recording_access_call_fkey FOREIGN KEY (call) REFERENCES public.recording(call);
ALTER TABLE ONLY public.recording
    ADD CONSTRAINT recording_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.recording
    ADD CONSTRAINT recording_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);
ALTER TABLE ONLY public.score
    ADD CONSTRAINT score_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.voicemail
    ADD CONSTRAINT voicemail_call_fkey FOREIGN KEY (call) REFERENCES public.call(id);
ALTER TABLE ONLY public.voicemail
    ADD CONSTRAINT voicemail_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id);
