package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// The people of the scenarios. The first-asker is asker, unless the scenario says otherwise.
var (
	asker      = cases.Actor{User: "asker", Department: "desk"}
	neighbour  = cases.Actor{User: "neighbour", Department: "desk"}
	centre     = cases.Actor{User: "centre", Department: "service centre", Roles: []cases.Role{cases.RoleHandler}, Posts: []cases.Party{cases.PartyCSC}}
	smith      = cases.Actor{User: "smith", Department: "repairs", Roles: []cases.Role{cases.RoleHandler}}
	clerk      = cases.Actor{User: "clerk", Department: "billing", Roles: []cases.Role{cases.RoleHandler}}
	section    = cases.Actor{User: "section", Department: "repairs", Roles: []cases.Role{cases.RoleLeader}, Posts: []cases.Party{cases.PartySectionHead}}
	leader     = cases.Actor{User: "leader", Roles: []cases.Role{cases.RoleLeader}, Posts: []cases.Party{cases.PartyLeaderInCharge}}
	principal  = cases.Actor{User: "principal", Roles: []cases.Role{cases.RoleLeader}, Posts: []cases.Party{cases.PartyPrincipalLeader}}
	manager    = cases.Actor{User: "manager", Department: "desk", Roles: []cases.Role{cases.RoleSupervisor}}
	judge      = cases.Actor{User: "judge", Roles: []cases.Role{cases.RoleArbiter}}
	complaints = cases.Actor{User: "complaints", Roles: []cases.Role{cases.RoleComplaintCentre}}
)

// caller is the number most scenarios are about.
const caller = cases.Number("+8613900000001")

// shanghai is where the scenarios happen.
var shanghai = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return zone
}()

// at reads a time of 2025 in Shanghai: "7 Mar 16:50", or "09:29:59" of 4 March.
func at(when string) time.Time {
	if !strings.Contains(when, " ") {
		when = "4 Mar " + when
	}
	for _, layout := range []string{"2 Jan 15:04:05 2006", "2 Jan 15:04 2006"} {
		if t, err := time.ParseInLocation(layout, when+" 2025", shanghai); err == nil {
			return t
		}
	}
	panic("not a time: " + when)
}

// stage is the organisation of a scenario: its database and its rules.
type stage struct {
	t     *testing.T
	url   string
	s     *store.Store
	calls int
}

// under returns an organisation with one of the policies that come along, changed by
// its own settings.
func under(t *testing.T, policy string, own ...func(*cases.Policy)) *stage {
	t.Helper()
	url := storetest.URL(t)
	s := storetest.Open(t, url)
	s.Rules = rulebook(t, policy)
	for _, set := range own {
		set(&s.Rules.Policy)
	}
	return &stage{t: t, url: url, s: s}
}

// scene is one case of a scenario, as it is now.
type scene struct {
	*stage
	cases.Case
}

// in tells the rest in a test of its own.
func (o *stage) in(t *testing.T) *stage {
	o.t = t
	return o
}

// opens is a call that agent picks up: the case it opens.
func (o *stage) opens(when string, from cases.Number, agent cases.Actor) *scene {
	o.t.Helper()
	call, number, came := o.call(when, from)
	o.apply(came, cases.Fact{At: at(when), Call: call, Case: number, PickedUp: &cases.PickedUp{Agent: agent.User, Extension: "1001"}})
	sc := &scene{stage: o, Case: cases.Case{Number: number}}
	sc.look()
	return sc
}

// misses is a call nobody picks up: the case it opens. Open is the case the caller has already.
func (o *stage) misses(when string, from cases.Number, open ...cases.CaseNumber) *scene {
	o.t.Helper()
	call, number, came := o.call(when, from)
	missed := cases.Missed{Reason: cases.MissedNoAnswer, CallbackDue: at(when).Add(time.Hour)}
	if len(open) > 0 {
		missed.OpenCase = open[0]
	}
	o.apply(came, cases.Fact{At: at(when), Call: call, Case: number, Missed: &missed})
	sc := &scene{stage: o, Case: cases.Case{Number: number}}
	sc.look()
	return sc
}

// call is a call that rings at the time somebody takes or misses it.
func (o *stage) call(when string, from cases.Number) (string, cases.CaseNumber, cases.Fact) {
	o.calls++
	call := uuid.Must(uuid.NewV7()).String()
	who := cases.Caller{Raw: string(from), E164: from, Withheld: from == ""}
	return call, cases.NewCaseNumber(at(when), 1, o.calls), cases.Fact{At: at(when), Call: call, Arrived: &cases.Arrived{Caller: who, Hotline: "12345"}}
}

func (o *stage) apply(facts ...cases.Fact) {
	o.t.Helper()
	for i := range facts {
		facts[i].ID = uuid.Must(uuid.NewV7()).String()
	}
	if err := o.s.Apply(o.t.Context(), facts); err != nil {
		o.t.Fatal(err)
	}
	if rejected, err := o.s.Rejected(o.t.Context(), 1); err != nil || len(rejected) > 0 {
		o.t.Fatalf("rejected %+v, %v", rejected, err)
	}
}

// look reads the case and checks its ledger.
func (sc *scene) look() []cases.Event {
	sc.t.Helper()
	c, events, err := sc.s.Case(sc.t.Context(), sc.Number)
	if err != nil {
		sc.t.Fatal(err)
	}
	if err := c.Verify(events); err != nil {
		sc.t.Error(err)
	}
	sc.Case = c
	return events
}

// saw is something telephony sees of the case's call.
func (sc *scene) saw(when string, f cases.Fact) {
	sc.t.Helper()
	f.At, f.Call, f.Case = at(when), sc.Call.ID, sc.Number
	sc.apply(f)
	sc.look()
}

func (sc *scene) order(when string, who cases.Actor, m cases.Move) store.Order {
	return store.Order{Case: sc.Number, By: who, At: at(when), Key: uuid.NewString(), Seen: sc.Events, Move: m}
}

// does has somebody make moves; none of them is refused.
func (sc *scene) does(when string, who cases.Actor, moves ...cases.Move) {
	sc.t.Helper()
	for _, m := range moves {
		c, err := sc.s.Move(sc.t.Context(), sc.order(when, who, m))
		if err != nil {
			sc.t.Fatalf("%s: %s by %s: %v", when, m.Kind(), who.User, err)
		}
		sc.Case = c
	}
}

// refused has somebody try a move in vain: why, and at least these fields are wanted.
func (sc *scene) refused(when string, who cases.Actor, m cases.Move, why cases.Reason, fields ...string) {
	sc.t.Helper()
	_, err := sc.s.Move(sc.t.Context(), sc.order(when, who, m))
	no, ok := errors.AsType[*cases.MoveError](err)
	if !ok {
		sc.t.Fatalf("%s: %s by %s: %v, want it refused", when, m.Kind(), who.User, err)
	}
	for _, f := range fields {
		if !slices.ContainsFunc(no.Fields, func(e cases.FieldError) bool { return e.Field == f }) {
			sc.t.Errorf("%s: %s by %s: %v: %s is not asked for", when, m.Kind(), who.User, err, f)
		}
	}
	if no.Reason != why {
		sc.t.Errorf("%s: %s by %s: %v, want %s", when, m.Kind(), who.User, err, why)
	}
}

// proof is that the caller was reached in this call.
func (sc *scene) proof() cases.Evidence { return cases.Evidence{Call: sc.Call.ID} }

// clocks are those of a kind that apply, the last one last.
func (sc *scene) clocks(kind cases.ClockKind) []cases.Clock {
	return slices.DeleteFunc(slices.Clone(sc.Clocks), func(k cases.Clock) bool {
		return k.Kind != kind || k.Cancelled && k.Stopped.IsZero()
	})
}

// clock is the last clock of a kind that applies.
func (sc *scene) clock(kind cases.ClockKind) cases.Clock {
	sc.t.Helper()
	all := sc.clocks(kind)
	if len(all) == 0 {
		sc.t.Fatalf("no clock %s", kind)
	}
	return all[len(all)-1]
}

// due checks when a clock is due; "" if it is only measured.
func (sc *scene) due(kind cases.ClockKind, when string) {
	sc.t.Helper()
	var want time.Time
	if when != "" {
		want = at(when)
	}
	if got := sc.clock(kind).Due; !got.Equal(want) {
		sc.t.Errorf("%s is due %s, want %s", kind, got.In(shanghai), want)
	}
}

// late checks by how much a clock is late at a time, or was when it stopped.
func (sc *scene) late(kind cases.ClockKind, when string, want time.Duration) {
	sc.t.Helper()
	if got := sc.clock(kind).Late(at(when)); got != want {
		sc.t.Errorf("%s: %s is late by %s, want %s", when, kind, got, want)
	}
}

// running checks whether a clock of a kind runs.
func (sc *scene) running(kind cases.ClockKind, want bool) {
	sc.t.Helper()
	if got := slices.ContainsFunc(sc.clocks(kind), cases.Clock.Running); got != want {
		sc.t.Errorf("clock %s runs: %t", kind, got)
	}
}

// stands checks the state of the case and who answers for it, besides its first-asker.
func (sc *scene) stands(state cases.State, first, responsible string) {
	sc.t.Helper()
	want := []string{string(state), first, responsible}
	if diff := cmp.Diff(want, []string{string(sc.State), sc.FirstAsker, sc.Responsible}); diff != "" {
		sc.t.Errorf("state, first-asker, responsible: -want +got\n%s", diff)
	}
}

// events are how often the ledger has a kind of event.
func (sc *scene) events(kind cases.EventKind) (n int) {
	sc.t.Helper()
	for _, e := range sc.look() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// counted is how often something was counted, with a label.
func (o *stage) counted(name cases.Counter, label, value string) (n int) {
	o.t.Helper()
	err := direct(o.t, o.url).QueryRow(o.t.Context(), `select coalesce(sum(value), 0) from kpi_counter where name = $1 and labels ->> $2 = $3`, name, label, value).Scan(&n)
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// matter is what a caller wants, with all a register asks for, read back to him.
func matter(content string) cases.Registration {
	return cases.Registration{
		Name: "a caller", Address: "building 3, room 201", Organisation: "the works", Content: content, ReadBack: true,
		Fields: map[string]string{"building": "3", "room": "201"},
	}
}
