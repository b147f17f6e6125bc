package cases

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTallies(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	hour := Limit{N: 1, Unit: Hours}
	// stood is a clock due at now, and stopped is the same after so much more.
	stood := func(kind ClockKind, by Party) Clock {
		return Clock{Kind: kind, Due: now, From: now.Add(-time.Hour), Of: PolicyRef{ID: "p"}, On: Terms{Kind: kind, Limit: &hour, By: []Party{by}}}
	}
	stopped := func(k Clock, after time.Duration) Clock {
		k.Stopped = now.Add(after)
		return k
	}
	measured := stood("handle", PartyHandler)
	measured.Due = time.Time{}
	given := stood("transfer", PartyFirstAsker)
	given.Extensions = []Extension{{}}
	paused := stood("handle", PartyHandler)
	paused.Pauses = []Pause{{Reason: PauseCaller}}
	prolonged := stood(ClockInquiry, PartyDiscipline)
	prolonged.Extensions = []Extension{{}}

	p := Policy{
		Extension:  ExtensionPolicy{Mode: ByApproval},
		Escalation: Escalation{Levels: []Party{PartySupervisor, PartyLeaderInCharge}},
		Sanctions: Sanctions{BothSides: true, Offences: []Offence{{Code: "bounce", Mutual: true}, {Code: "late"}},
			Steps: []SanctionStep{{Offence: "bounce", Propose: []Sanction{"talk"}}, {Offence: "late", Count: 2, Propose: []Sanction{"talk"}}}},
	}
	there, asker := Desk{Department: "water", User: "asker"}, Desk{User: "asker"}
	// in is a case of the water department that was handed over so often.
	in := func(state State, handed int, clocks ...Clock) Case {
		return Case{Number: "261126-1-0001", State: state, Department: "water", FirstAsker: "asker", Responsible: "asker", Clocks: clocks,
			File: File{Matter: Matter{Category: "burst_pipe"}, Handed: make([]HandOver, handed)}}
	}
	with := func(c Case, set func(*Case)) Case {
		set(&c)
		return c
	}
	event := func(kind EventKind) []Event { return []Event{{Kind: kind, At: now.Add(time.Minute)}} }
	due := func(clock ClockKind, result string, desk Desk) Tally {
		return Tally{CountDeadlinesDue, desk, map[string]string{"clock": string(clock), "result": result}}
	}
	one := func(counter Counter, desk Desk, labels ...string) Tally {
		all := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			all[labels[i]] = labels[i+1]
		}
		return Tally{counter, desk, all}
	}
	owed := with(in(Open, 0), func(c *Case) { c.CallbackDue = now })
	tests := map[string]struct {
		change Change
		want   []Tally
	}{
		"met at the last instant, by who is in front": {
			Change{Was: in(Accepted, 1, stood("reply_caller", PartyFirstAsker)), Is: in(Accepted, 1, stopped(stood("reply_caller", PartyFirstAsker), 0))},
			[]Tally{due("reply_caller", "met", asker)}},
		"breached by the department, unnoticed": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stopped(stood("handle", PartyHandler), time.Microsecond))},
			[]Tally{due("handle", "breached", there)}},
		"held against who had it, not who has it": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: with(in(Registered, 1, stopped(stood("handle", PartyHandler), 0)), func(c *Case) { c.Department = "" })},
			[]Tally{due("handle", "met", there)}},
		"a late fulfilment stays the breach it was": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stopped(stood("handle", PartyHandler), time.Hour)), Breached: []ClockKind{"handle"}}, nil},
		"the clock of the database counts, not that of a node": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stopped(stood("handle", PartyHandler), -time.Millisecond)), Breached: []ClockKind{"handle"}}, nil},
		"measured only": {
			Change{Was: in(Accepted, 1, measured), Is: in(Accepted, 1, stopped(measured, time.Hour))}, nil},
		"cancelled in time": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stood("handle", PartyHandler).Cancel(now))}, nil},
		"cancelled late": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stood("handle", PartyHandler).Cancel(now.Add(time.Minute)))},
			[]Tally{due("handle", "breached", there)}},
		"stopped before": {
			Change{Was: in(Accepted, 1, stopped(stood("handle", PartyHandler), 0)), Is: in(Accepted, 1, stopped(stood("handle", PartyHandler), 0))}, nil},
		"began when it was over already": {
			Change{Was: in(Accepted, 1), Is: in(Accepted, 1, stopped(stood("handle", PartyHandler), 0))}, []Tally{due("handle", "met", there)}},
		"another of its kind began and is over": {
			Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, stood("handle", PartyHandler).Cancel(now), stopped(stood("handle", PartyHandler), 0)), Breached: []ClockKind{"handle"}},
			[]Tally{due("handle", "met", there)}},
		"a promise broken": {
			Change{Was: in(Accepted, 1, stood(ClockPromise, PartyResponsible)), Is: in(Accepted, 1, stopped(stood(ClockPromise, PartyResponsible), time.Hour))},
			[]Tally{due(ClockPromise, "breached", asker), one(CountPromisesBroken, asker)}},

		"more time":              {Change{Was: in(Accepted, 1, stood("transfer", PartyFirstAsker)), Is: in(Accepted, 1, given)}, []Tally{one(CountExtensions, asker, "reason", "approval")}},
		"a pause":                {Change{Was: in(Accepted, 1, stood("handle", PartyHandler)), Is: in(Accepted, 1, paused)}, []Tally{one(CountExtensions, there, "reason", "caller")}},
		"more time to inquire":   {Change{Was: in(Accepted, 1, stood(ClockInquiry, PartyDiscipline)), Is: in(Accepted, 1, prolonged)}, []Tally{one(CountExtensions, asker, "reason", "inquiry")}},
		"nothing happened to it": {Change{Was: in(Accepted, 1, paused), Is: in(Accepted, 1, paused), Events: event(EventContacted)}, nil},

		"accepted":               {Change{Was: in(HandedOver, 1), Is: in(Accepted, 1), Events: event(EventAccepted)}, []Tally{one(CountHandovers, there, "result", "accepted", "attempt", "first")}},
		"accepted by the second": {Change{Was: in(HandedOver, 2), Is: in(Accepted, 2), Events: event(EventAccepted)}, []Tally{one(CountHandovers, there, "result", "accepted", "attempt", "later")}},
		"accepted too late": {
			Change{Was: in(HandedOver, 1, stood(ClockAccept, PartyDepartment)), Is: in(Accepted, 1, stopped(stood(ClockAccept, PartyDepartment), time.Hour)), Events: event(EventAccepted), Breached: []ClockKind{ClockAccept}},
			[]Tally{one(CountHandovers, there, "result", "timed_out", "attempt", "first")}},
		"sent back":                  {Change{Was: in(HandedOver, 1), Is: with(in(Registered, 1), func(c *Case) { c.Department = "" }), Events: event(EventReturned)}, []Tally{one(CountHandovers, there, "result", "returned", "attempt", "first")}},
		"sent on to another":         {Change{Was: in(HandedOver, 1), Is: with(in(HandedOver, 2), func(c *Case) { c.Department = "gas" }), Events: event(EventReturned)}, []Tally{one(CountHandovers, there, "result", "returned", "attempt", "first")}},
		"refused with the case":      {Change{Was: in(HandedOver, 1), Is: in(Refused, 1), Events: event(EventRefused)}, []Tally{one(CountHandovers, there, "result", "refused", "attempt", "first")}},
		"refused after it was taken": {Change{Was: in(Accepted, 1), Is: in(Refused, 1), Events: event(EventRefused)}, nil},

		"called back in time": {Change{Was: owed, Is: in(Open, 0), Events: []Event{{Kind: EventCallbackAnswered, At: now}}},
			[]Tally{one(CountCallbacksClosed, asker, "result", "kept"), due(ClockCallback, "met", asker)}},
		"called back late, unnoticed": {Change{Was: owed, Is: in(Open, 0), Events: event(EventCallbackAnswered)},
			[]Tally{one(CountCallbacksClosed, asker, "result", "late"), due(ClockCallback, "breached", asker)}},
		"called back late": {Change{Was: owed, Is: in(Open, 0), Events: event(EventCallbackAnswered), Breached: []ClockKind{ClockCallback}},
			[]Tally{one(CountCallbacksClosed, asker, "result", "late")}},
		"not reached yet": {Change{Was: owed, Is: owed, Events: event(EventCallbackMissed)}, nil},
		"taken back":      {Change{Was: owed, Is: with(owed, func(c *Case) { c.State = Withdrawn }), Events: []Event{{Kind: EventWithdrawn, At: now}}}, []Tally{one(CountCallbacksClosed, asker, "result", "cancelled")}},
		"never reached": {Change{Was: owed, Is: with(owed, func(c *Case) { c.State, c.FirstAsker = Closed, "" }), Events: event(EventClosed)},
			[]Tally{one(CountCallbacksClosed, asker, "result", "unreachable"), due(ClockCallback, "breached", asker)}},

		"closed by who answered":        {Change{Was: in(Visited, 0), Is: in(Closed, 0), Events: event(EventClosed)}, []Tally{one(CountFirstAskerClosed, asker, "result", "by_first_asker")}},
		"closed after it was passed on": {Change{Was: in(Visited, 1), Is: in(Closed, 1), Events: event(EventClosed)}, []Tally{one(CountFirstAskerClosed, asker, "result", "after_handover")}},

		"what callers say": {
			Change{Was: in(Replied, 1), Is: with(in(Visited, 1), func(c *Case) { c.File.Visits = []Visit{{Answered: true, Solved: true, Satisfied: new(4)}} }), Events: event(EventVisited)},
			[]Tally{one(CountVisitAnswers, there, "question", "contacted", "answer", "yes"), one(CountVisitAnswers, there, "question", "solved", "answer", "yes"), one(CountVisitAnswers, there, "question", "satisfied", "answer", "yes")}},
		"what they do not say": {
			Change{Was: in(Replied, 1), Is: with(in(Accepted, 1), func(c *Case) { c.File.Visits = []Visit{{Answered: true}} }), Events: event(EventVisited)},
			[]Tally{one(CountVisitAnswers, there, "question", "contacted", "answer", "yes"), one(CountVisitAnswers, there, "question", "solved", "answer", "no"), one(CountVisitAnswers, there, "question", "satisfied", "answer", "not_given")}},
		"one step up": {
			Change{Was: in(Accepted, 1), Is: with(in(Accepted, 1), func(c *Case) { c.File.Ladder = []Escalate{{To: PartyLeaderInCharge}} }), Events: event(EventEscalated)},
			[]Tally{one(CountEscalations, there, "level", "2")}},
		"to the top": {
			Change{Was: with(in(Accepted, 1), func(c *Case) { c.File.Ladder = []Escalate{{}} }), Is: with(in(Accepted, 1), func(c *Case) { c.File.Ladder = []Escalate{{}, {To: PartyDirector}} }), Events: event(EventEscalated)},
			[]Tally{one(CountEscalations, there, "level", "4")}},
		"pressed": {Change{Was: in(Accepted, 1), Is: in(Accepted, 1), Events: event(EventPressed)}, []Tally{{CountPresses, there, nil}}},

		"proposed against both": {
			Change{Was: in(Registered, 2), Verified: 1, Events: event(EventVerified), Is: with(in(Registered, 2), func(c *Case) {
				c.File.Verified, c.File.Returned = &Verify{True: true, Offence: "bounce", Against: "smith"}, &Return{By: "smith", Sender: "asker"}
			})},
			[]Tally{{CountSanctions, Desk{User: "smith"}, nil}, {CountSanctions, asker, nil}}},
		"nothing for the first time": {
			Change{Was: in(Registered, 2), Verified: 1, Events: event(EventVerified), Is: with(in(Registered, 2), func(c *Case) { c.File.Verified = &Verify{True: true, Offence: "late", Against: "smith"} })}, nil},

		"what it is about": {Change{Was: with(in(Open, 0), func(c *Case) { c.File.Matter.Category = "" }), Is: in(Open, 0), Events: event(EventClassified)}, []Tally{{Counter: CountContacts}}},
		"nobody will know": {Change{Was: with(in(Open, 0), func(c *Case) { c.File.Matter.Category = "" }), Is: with(in(Withdrawn, 0), func(c *Case) { c.File.Matter.Category = "" }), Events: event(EventWithdrawn)}, []Tally{{Counter: CountContacts}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.change.Tallies(p), cmp.Transformer("labels", func(m map[string]string) map[string]string {
				if len(m) == 0 {
					return nil
				}
				return m
			})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestASuspendedClock: a pause takes away a due time only where there was one that had
// not passed.
func TestASuspendedClock(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	cal := Calendar{Zone: time.UTC}
	for name, tt := range map[string]struct {
		limit *Limit
		after time.Duration
		want  bool
	}{
		"in time":  {&Limit{N: 1, Unit: Hours}, time.Minute, true},
		"late":     {&Limit{N: 1, Unit: Hours}, 2 * time.Hour, false},
		"measured": {nil, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := Terms{Kind: "handle", Limit: tt.limit}.start(PolicyRef{}, from, time.Time{}, cal)
			if k.Suspended(cal) {
				t.Error("it runs")
			}
			k, err := k.Pause(PauseCaller, from.Add(tt.after), cal)
			if err != nil {
				t.Fatal(err)
			}
			if got := k.Suspended(cal); got != tt.want {
				t.Errorf("suspended: %t", got)
			}
			if k, err = k.Resume(from.Add(3*time.Hour), cal); err != nil || k.Suspended(cal) {
				t.Errorf("it runs on: %v", err)
			}
		})
	}
}
