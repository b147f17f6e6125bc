package store_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// direct opens a session of the superuser beside the store.
func direct(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(t.Context()) })
	return c
}

func exec(t testing.TB, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// filled returns a database with two answered calls and a missed one.
func filled(t *testing.T) (*store.Store, *pgx.Conn) {
	t.Helper()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	facts := slices.Concat(answered(1, "+861055550101", "agent1"), answered(2, "+861055550102", "agent2"), missed(3, "+861055550101"))
	if err := s.Apply(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	return s, direct(t, url)
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ sql, want string }{
		"another first-asker":         {`update cases set first_asker = 'agent2' where number = '261123-1-0001'`, "written once"},
		"no first-asker any more":     {`update cases set first_asker = '', responsible = '' where number = '261123-1-0001'`, "written once"},
		"a changed event":             {`update case_event set by = 'agent2' where seq = 1`, "append-only"},
		"a deleted event":             {`delete from case_event where seq = 2`, "append-only"},
		"an emptied ledger":           {`truncate case_event`, "append-only"},
		"an emptied log of listeners": {`truncate voicemail_access`, "append-only"},
		"an emptied table of cases":   {`truncate cases cascade`, "append-only"},
		"a case without its ledger":   {`delete from cases where number = '261123-1-0001'`, "violates foreign key"},
		"two events of one place":     {`insert into case_event select case_id, seq, kind, state, at, by, gen_random_uuid(), body, hash from case_event`, "case_event_pkey"},
		"one fact twice":              {`insert into case_event select case_id, seq + 9, kind, state, at, by, fact, body, hash from case_event`, "case_event_fact_key"},
		"an unknown state":            {`update cases set state = 'lost'`, "cases_state_check"},
		"an unknown kind of event":    {`insert into case_event select case_id, seq + 9, 'lost', state, at, by, gen_random_uuid(), body, hash from case_event`, "case_event_kind_check"},
		"an unknown cause":            {`update call set cause = 'bored' where cause is not null`, "call_cause_check"},
		"an end without a cause":      {`update call set cause = null`, "call_check"},
		"an answer by nobody":         {`update call set agent = ''`, "call_check"},
		"two clocks of one event":     {`insert into deadline (case_id, kind, gen, due_at) select case_id, kind, gen, due_at from deadline`, "deadline_case_id_kind_gen_key"},
		"fired at no time":            {`update deadline set state = 'fired'`, "deadline_check"},
		"a password instead of HA1s":  {`insert into phone_secret values ('agent1', 'r', 'secret', 'secret')`, "phone_secret_ha1"},
		"a password in clear":         {`insert into console_secret values ('agent1', 'secret')`, "console_secret_hash_check"},
		"another history":             {`truncate directory_version`, "append-only"},
	}
	_, c := filled(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Exec(t.Context(), tt.sql)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAMissedCaseMayGetItsFirstAskerLater(t *testing.T) {
	t.Parallel()
	_, c := filled(t)
	exec(t, c, `update cases set first_asker = 'agent2', responsible = 'agent2' where number = '261123-1-0003'`)
	if _, err := c.Exec(t.Context(), `update cases set first_asker = 'agent1' where number = '261123-1-0003'`); err == nil {
		t.Error("it was written twice")
	}
}

// The closed sets of package cases and the CHECKs of the schema are the same.
func TestChecksMirrorTheSets(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"cases_state_check": words(cases.Open, cases.Registered, cases.Solved, cases.HandedOver, cases.Accepted, cases.ResultIn,
			cases.Replied, cases.Visited, cases.Closed, cases.Refused, cases.Withdrawn, cases.Merged),
		"case_event_kind_check": words(cases.EventPickedUp, cases.EventMissed, cases.EventEnded,
			cases.EventCallbackTaken, cases.EventVoicemail, cases.EventFlowLeft, cases.EventEmergency, cases.EventCallbackStarted,
			cases.EventCallbackAnswered, cases.EventCallbackMissed, cases.EventCallbackMarked, cases.EventOutboundDecided, cases.EventTransferStarted, cases.EventTransferSwitched,
			cases.EventTransferCompleted, cases.EventTransferFailed, cases.EventMonitorStarted, cases.EventMonitorEnded,
			cases.EventRecordingStarted, cases.EventRecordingPaused, cases.EventRecordingResumed, cases.EventRecordingEnded,
			cases.EventRecordingDeleted, cases.EventVoicemailDeleted, cases.EventLegalHold, cases.EventQuality,
			cases.EventMessageDelivered, cases.EventLinked, cases.EventSummoned, cases.EventReminded, cases.EventAtRisk, cases.EventBreached,
			cases.EventExtended, cases.EventExtensionLapsed, cases.EventResponsibilityMoved),
		"recording_mode_check":   words(cases.RecordAlways, cases.RecordOnDemand, cases.RecordShare),
		"recording_result_check": words(cases.RecordingOK, cases.RecordingPartial, cases.RecordingFailed),
		"call_missed_check": words(cases.MissedAbandoned, cases.MissedNoAnswer, cases.MissedRefused, cases.MissedInterrupted, cases.MissedNotReached,
			cases.MissedCallbackTaken, cases.MissedVoicemail, cases.MissedSelfServed),
		"call_cause_check": words(cases.EndCaller, cases.EndAgent, cases.EndSilence, cases.EndShutdown, cases.EndFailure,
			cases.EndInterrupted, cases.EndSpent),
		"callback_result_check": words(cases.CallbackReached, cases.CallbackBusy, cases.CallbackNoAnswer, cases.CallbackRejected,
			cases.CallbackInvalid, cases.CallbackFailed, cases.CallbackDenied, cases.CallbackCancelled, cases.CallbackWrongNumber, cases.CallbackVoicemail),
		"sample_case_why_check": words(store.SampledDrawn, store.SampledContradicted),
		"deadline_state_check":  words(cases.ClockArmed, cases.ClockFired, cases.ClockMet, cases.ClockCancelled),
	}
	for _, kind := range cases.MoveKinds() {
		want["case_event_kind_check"] = append(want["case_event_kind_check"], string(kind.Event()))
	}
	slices.Sort(want["case_event_kind_check"])
	want["case_event_state_check"] = want["cases_state_check"]
	c := direct(t, storetest.URL(t))
	quoted := regexp.MustCompile(`'(\w+)'`)
	for name, set := range want {
		var def string
		err := c.QueryRow(t.Context(), `select pg_get_constraintdef(oid) from pg_constraint where conname = $1`, name).Scan(&def)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, m := range quoted.FindAllStringSubmatch(def, -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		if !slices.Equal(got, set) {
			t.Errorf("%s allows %v, package cases has %v", name, got, set)
		}
	}
}

// The schema lets a move lead where the table of package cases does, and nowhere else.
func TestTurnsMirrorTheTable(t *testing.T) {
	t.Parallel()
	c := direct(t, storetest.URL(t))
	exec(t, c, `create temporary table turn (like case_event including constraints)`)
	for _, kind := range cases.MoveKinds() {
		for _, state := range cases.States() {
			_, err := c.Exec(t.Context(), `insert into turn (case_id, seq, kind, state, at, by, body, hash)
				values (1, 1, $1, $2, now(), '', '{}', decode(repeat('00', 32), 'hex'))`, kind.Event(), state)
			leads := slices.Contains(kind.Leads(), state)
			if kind == cases.MoveReopen { // a return visit reopens too
				leads = leads || state == cases.Accepted
			}
			if leads != (err == nil) {
				t.Errorf("%s to %s: %v in the table, the schema says %v", kind, state, leads, err)
			}
		}
	}
}

func words[T ~string](set ...T) []string {
	var list []string
	for _, w := range set {
		list = append(list, string(w))
	}
	slices.Sort(list)
	return list
}

// bare returns the URL of a database without any schema.
func bare(t *testing.T) string {
	t.Helper()
	url := storetest.URL(t)
	exec(t, direct(t, url), `drop schema public cascade; create schema public`)
	return url
}

func TestMigrateByManyAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	url := bare(t)
	migrate := func() error {
		s, err := store.Open(t.Context(), url)
		if err != nil {
			return err
		}
		defer s.Close()
		return s.Migrate(t.Context())
	}
	var g errgroup.Group
	for range 6 {
		g.Go(migrate)
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := migrate(); err != nil {
		t.Fatal(err)
	}
	var rows, version int
	if err := direct(t, url).QueryRow(t.Context(), `select count(*), max(version) from schema_version`).Scan(&rows, &version); err != nil {
		t.Fatal(err)
	}
	if rows != 1 || version < 1 {
		t.Errorf("%d rows, version %d", rows, version)
	}
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	exec(t, direct(t, url), `update schema_version set version = 99`)
	err := storetest.Open(t, url).Migrate(t.Context())
	if !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "its schema is 99, this program knows") {
		t.Errorf("err = %v", err)
	}
}

func TestOpenHidesThePassword(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), "postgres://shouwen:hunter2@127.0.0.1:port/db")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
	s, err := store.Open(t.Context(), "postgres://shouwen:hunter2@127.0.0.1:1/db")
	if err != nil {
		t.Fatal("it must open while nobody listens: ", err)
	}
	defer s.Close()
	if err := s.Ping(t.Context()); err == nil || strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("err = %v", err)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](s.Apply(t.Context(), answered(1, "", "agent1"))); !ok {
		t.Error("Apply did not report that nobody listens")
	}
}
