package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/sip/siptest"
)

// managed is an office whose emergencies the second person manages, and then the third;
// the first answers callers.
func managed(change ...func(*phonebook)) func(*Config) {
	return func(c *Config) {
		c.Profile = "property_classes"
		b := examplePhonebook(3)
		b.People[0].Roles = []cases.Role{cases.RoleAgent}
		b.People[1].Roles, b.People[1].Rank = []cases.Role{cases.RoleSupervisor}, 1
		b.People[2].Roles, b.People[2].Posts = []cases.Role{cases.RoleLeader}, []cases.Party{cases.PartyLeaderInCharge}
		for _, f := range change {
			f(&b)
		}
		if err := b.save(c.Data); err != nil {
			panic(err)
		}
	}
}

// takes picks up an emergency, hears what it is about and takes it.
func takes(t *testing.T, in siptest.TestCall) {
	t.Helper()
	in.Answer()
	in.HearsNext(emergencySays)
	in.HearsNext(takeItSays)
	in.Press("1")
	in.Ended()
}

// summons are those on the ledger of a case, once there are as many.
func (b *bed) summons(n cases.CaseNumber, want ...cases.Summoned) (c cases.Case) {
	b.t.Helper()
	var got []cases.Summoned
	until(b.t, "who was rung is on record", func() bool {
		var events []cases.Event
		var err error
		if c, events, err = b.server.database.store.Case(b.t.Context(), n); err != nil {
			return false
		}
		got = nil
		for _, e := range events {
			var s cases.Summoned
			if e.Kind == cases.EventSummoned {
				if err := json.Unmarshal(e.Body, &s); err != nil {
					b.t.Fatal(err)
				}
				s.Key = ""
				got = append(got, s)
			}
		}
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		b.t.Errorf("rung %+v, want %+v", got, want)
	}
	return c
}

// TestE12_TheManagerOnDutyIsRung: S05-R9. At once when the case is an emergency, past the
// queue; who declines has the next one of the ladder rung, until somebody has taken it.
func TestE12_TheManagerOnDutyIsRung(t *testing.T) {
	t.Parallel()
	b := newBed(t, 3, managed())
	phones := b.agents(3)
	caller, _ := b.talk(phones[:1], 0)
	var open cases.Case
	until(t, "the case is on record", func() bool {
		all := recordedCases(t, b.server.database.store)
		if len(all) == 1 {
			open = all[0]
		}
		return len(all) == 1
	})
	moves := func(m cases.Move) cases.Case {
		t.Helper()
		by, _ := b.server.roster.directory().Actor(b.Agents[0].User)
		c, err := b.server.database.store.Move(t.Context(), store.Order{Case: open.Number, Move: m, By: by, At: time.Now(), Key: uuid.NewString()})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	moves(cases.Registration{Content: "water floods the riser", Name: "a caller"})
	moves(cases.Classify{Class: "class_1"})
	phones[1].Incoming().Reject(486)
	takes(t, phones[2].Incoming())
	c := b.summons(open.Number,
		cases.Summoned{User: b.Agents[1].User, As: cases.PartyManagerOnDuty, Attempt: 1, Result: cases.SummonsDeclined},
		cases.Summoned{User: b.Agents[2].User, As: cases.PartyLeaderInCharge, Attempt: 2, Result: cases.SummonsTaken})
	i := slices.IndexFunc(c.Clocks, func(k cases.Clock) bool { return k.Kind == cases.ClockReportManager })
	if i < 0 || c.Clocks[i].Running() {
		t.Errorf("clocks %+v", c.Clocks)
	}
	until(t, "nobody is rung any more", func() bool {
		backlog, err := b.server.database.store.Backlog(t.Context())
		return err == nil && backlog[cases.OutgoingSummons] == cases.Backlog{}
	})
	caller.Hangup()
}

// TestAlarmWithoutDatabase: an agent raises the alarm while PostgreSQL is away. The
// manager is rung, what became of it is in the journal, and on the ledger later.
func TestAlarmWithoutDatabase(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	managed()(&cfg)
	o := stoppable(t, cfg.Data)
	b := startBed(t, cfg, serverOptions{agents: 3, database: o.url, anyPort: true})
	phones := b.agents(3)
	caller, agent := b.talk(phones[:1], 0)
	o.away()
	agent.Press("*0")
	takes(t, phones[1].Incoming())
	agent.Hears(callerSays) // and goes on speaking with him
	o.back()
	var n cases.CaseNumber
	until(t, "the case is on record", func() bool {
		all, _, err := b.server.database.store.Cases(t.Context(), store.Filter{})
		if err == nil && len(all) == 1 {
			n = all[0].Number
		}
		return n != ""
	})
	b.summons(n, cases.Summoned{User: b.Agents[1].User, As: cases.PartyManagerOnDuty, Attempt: 1, Result: cases.SummonsTaken})
	caller.Hangup()
	agent.Ended()
}

// TestAManagerIsRungOutside: whose phone is not there, at his number outside, at an hour
// at which nobody else is called.
func TestAManagerIsRungOutside(t *testing.T) {
	t.Parallel()
	const mobile = "+8613900000009"
	carrier := siptest.New(t, "", siptest.Config{User: "carrier", Tone: reachedSays, Patience: patience})
	b := newBed(t, 3, byCarrier(carrier), managed(func(p *phonebook) { p.People[1].Mobile = mobile }), func(c *Config) {
		c.TimeZone, c.Outbound.Hours = "UTC", []string{"18:00-19:00"}
		if time.Now().UTC().Hour() >= 12 {
			c.Outbound.Hours = []string{"06:00-07:00"}
		}
	})
	phones := []siptest.TestPhone{b.agent(0, siptest.Config{})}
	caller, agent := b.talk(phones, 0)
	agent.Press("*0")
	out := carrier.Incoming()
	takes(t, out)
	n := b.server.calls.Live()[0].Case
	b.summons(n, cases.Summoned{User: b.Agents[1].User, As: cases.PartyManagerOnDuty, Attempt: 1, Outside: true, Result: cases.SummonsTaken})
	caller.Hangup()
	agent.Ended()
}
