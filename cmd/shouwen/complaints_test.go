package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
	"shouwen/ivr/call"
)

// complaintLine adds a line for complaints about staff, which the third person answers;
// the first one has these roles.
func complaintLine(t *testing.T, first ...cases.Role) func(*Config) {
	return func(c *Config) {
		book := examplePhonebook(3)
		book.People[0].Roles = first
		book.People[2].Roles = []cases.Role{cases.RoleAgent, cases.RoleComplaintCentre}
		if err := book.save(c.Data); err != nil {
			t.Fatal(err)
		}
		c.Queues[0].Members = []string{"1001", "1002"}
		q, h := defaultQueue("complaints"), defaultHotline("12346")
		q.Members, q.Announce = []string{"1003"}, AnnounceConfig{}
		h.Queue, h.Greeting, h.Complaints = q.Name, "", true
		c.Queues, c.Hotlines = append(c.Queues, q), append(c.Hotlines, h)
	}
}

// as is what the API shows a user.
func (b *bed) as(user, path string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.API.Base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.API.Token)
	r.Header.Set("By", user)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestE37_TheComplaintLine: S13-R12, S23-R2. A caller complains of the first-asker of his
// open case: neither that one's phone nor his queue rings, and he finds nothing of it,
// neither while the caller speaks nor afterwards, nor when he calls again.
func TestE37_TheComplaintLine(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, complaintLine(t), func(c *Config) { c.HTTP.Console = "127.0.0.1:0" })
	phones := b.agents(3)
	phone := b.caller(numbered(1))
	first := phone.Dial(b.Hotline)
	ringing := incoming(phones[:2])
	ringing[0].Answer()
	first.Hears(toneOf(0))
	first.Hangup()
	ringing[0].Ended()
	until(t, "he is known as first-asker", func() bool {
		return b.server.calls.Callers.Again(cases.Caller{E164: cases.Number(numbered(1))}, time.Now()).FirstAsker == b.Agents[0].User
	})

	complains := phone.Dial("12346")
	centre := phones[2].Incoming()
	if told := centre.Invite.Get("X-Shouwen-First-Asker") + centre.Invite.Get("X-Shouwen-Case"); told != "" {
		t.Errorf("the centre is told of %s", told)
	}
	centre.Answer()
	complains.Hears(toneOf(2))
	var complaint cases.CaseNumber
	until(t, "the case is open", func() bool {
		live := b.server.calls.Live()
		if len(live) == 1 {
			complaint = live[0].Case
		}
		return complaint != ""
	})
	until(t, "the case is on record", func() bool {
		code, _ := b.as(b.Agents[2].User, "/cases/"+string(complaint))
		return code == 200
	})
	for i, want := range []struct {
		status int
		calls  int
	}{{404, 0}, {404, 0}, {200, 1}} {
		user := b.Agents[i].User
		if code, body := b.as(user, "/cases/"+string(complaint)); code != want.status {
			t.Errorf("%s gets %d: %s", user, code, body)
		}
		if code, body := b.as(user, "/cases"); code != 200 || strings.Contains(body, string(complaint)) != (want.calls > 0) {
			t.Errorf("%s lists %d: %s", user, code, body)
		}
		var live struct{ Calls []struct{ ID string } }
		if _, body := b.as(user, "/calls"); json.Unmarshal([]byte(body), &live) != nil || len(live.Calls) != want.calls {
			t.Errorf("%s sees the calls %+v", user, live.Calls)
		}
	}
	complains.Hangup()
	centre.Ended()
	if n := phones[0].Count("INVITE") + phones[1].Count("INVITE"); n != 2 {
		t.Errorf("the others' phones rang %d times, want for the first call only", n)
	}
	if n := phones[0].Count("MESSAGE"); n != 0 {
		t.Errorf("he was told %d times", n)
	}
	if err := learned(b); err != nil {
		t.Fatal(err)
	}
	again := phone.Dial(b.Hotline)
	for _, in := range incoming(phones[:2]) {
		if told := in.Invite.Get("X-Shouwen-Case"); told == string(complaint) || told == "" {
			t.Errorf("his phone shows case %q", told)
		}
	}
	again.Hangup()
	c := only(t, b.complaints())
	if c.File.Accused != cases.AccusedUnnamed || c.File.Matter.Type != cases.StaffComplaint || c.FirstAsker != b.Agents[2].User {
		t.Errorf("case %+v", c)
	}
}

// learned has the server look which callers have an open case.
func learned(b *bed) error {
	open, err := b.server.database.store.OpenCases(b.t.Context(), manyCallers)
	known := make([]call.OpenCase, len(open))
	for i, c := range open {
		known[i] = call.OpenCase(c)
	}
	b.server.calls.Callers.Load(known, time.Now())
	return err
}

// complaints are the cases that are complaints.
func (b *bed) complaints() (all []cases.Case) {
	b.t.Helper()
	for _, c := range recordedCases(b.t, b.server.database.store) {
		if c.File.Accused != "" {
			all = append(all, c)
		}
	}
	return all
}

// TestTheComplaintLineIsTheCentres: the configuration is refused in which it rings
// others.
func TestTheComplaintLineIsTheCentres(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*Config)
		says  string
	}{
		"as it should be":  {func(*Config) {}, ""},
		"everybody's":      {func(c *Config) { c.Queues[1].Members = nil }, "hotlines[1].complaints: rings 1001 in queue complaints"},
		"by overflow":      {func(c *Config) { c.Queues[1].WhenWaited = "queue:hotline" }, "hotlines[1].complaints: overflows to queue hotline"},
		"by night service": {func(c *Config) { c.Hotlines[1].Night = NightConfig{To: "queue", Name: "hotline"} }, "hotlines[1].complaints: rings 1001 in queue hotline"},
	} {
		c := testConfig(t)
		complaintLine(t)(&c)
		tt.spoil(&c)
		book := examplePhonebook(3)
		book.People[2].Roles = []cases.Role{cases.RoleAgent, cases.RoleComplaintCentre}
		err := c.checkMembers(book.directory())
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// TestNobodyListensToComplaints: a supervisor who has nothing to do with complaints about
// staff is not on the line of one, nor keeps it from being recorded.
func TestNobodyListensToComplaints(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, complaintLine(t, cases.RoleAgent, cases.RoleSupervisor))
	phones := b.agents(3)
	complains := b.caller(numbered(1)).Dial("12346")
	centre := phones[2].Incoming()
	centre.Answer()
	complains.Hears(toneOf(2))
	if m := phones[0].Dial(call.MonitorCode + b.Agents[2].Ext).Ended(); m.Status != 480 {
		t.Errorf("by his phone: %d, want 480", m.Status)
	}
	id, boss := b.server.calls.Live()[0].ID, b.Agents[0].User
	if err := b.server.calls.Monitor(id, boss, cases.MonitorListen); !errors.Is(err, call.ErrNotSupervisor) {
		t.Errorf("by the console: %v", err)
	}
	if err := b.server.calls.Record(id, boss, call.RecordingPause); !errors.Is(err, call.ErrNotAgent) {
		t.Errorf("he pauses the recording: %v", err)
	}
	complains.Hangup()
	centre.Ended()
}
