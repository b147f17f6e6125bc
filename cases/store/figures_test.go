package store_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/metrics"
)

// house is an organisation as it is at this moment, of any number of nodes: whatever
// happens, the next of them sees it.
type house struct {
	t     testing.TB
	url   string
	now   time.Time
	nodes []*store.Store
	turns int
	calls int
	scope store.Scope
}

// settle returns an organisation of so many nodes, whose figures have little to say.
func settle(t testing.TB, nodes int) *house {
	t.Helper()
	rules := rulebook(t, "none")
	p := &rules.Policy
	within := func(n int, unit cases.Unit) *cases.Limit { return &cases.Limit{N: n, Unit: unit} }
	p.Gates = nil
	p.Transfer = cases.TransferPolicy{Mode: cases.ColdTransfer}
	p.Extension = cases.ExtensionPolicy{Mode: cases.ByReport, Approver: cases.PartyOwnLeader}
	p.Escalation.Levels = []cases.Party{cases.PartySupervisor, cases.PartyDirector}
	p.Sanctions = cases.Sanctions{Offences: []cases.Offence{{Code: "bounce"}}, Steps: []cases.SanctionStep{{Propose: []cases.Sanction{"talk"}}}}
	p.Clocks = []cases.Terms{
		{Kind: cases.ClockReplyCaller, Start: cases.AtContact, Stop: []cases.Milestone{cases.AtCallerTold}, Limit: within(1, cases.Hours),
			By: []cases.Party{cases.PartyResponsible}, Pause: []cases.PauseReason{cases.PauseCaller}},
		{Kind: cases.ClockAccept, Start: cases.AtHandedOver, Stop: []cases.Milestone{cases.AtAccepted}, Limit: within(30, cases.Minutes), By: []cases.Party{cases.PartyDepartment}},
		{Kind: cases.ClockReturnVisit, Start: cases.AtCallerTold, Stop: []cases.Milestone{cases.AtVisited}, Limit: within(2, cases.Days), By: []cases.Party{cases.PartyFirstAsker}},
		{Kind: cases.ClockHandle, Start: cases.AtContact, Stop: []cases.Milestone{cases.AtHandled}, By: []cases.Party{cases.PartyHandler}},
	}
	h := &house{t: t, url: storetest.URL(t), now: time.Now().UTC().Truncate(time.Microsecond), scope: store.Scope{Policy: *p, Topics: []string{"stage", "email"}}}
	h.scope.Directory = cases.Directory{
		Departments: []cases.Department{{Name: "desk", Title: "前台"}, {Name: "repairs"}, {Name: "billing"}},
		People: []cases.Person{
			{User: "asker", Extension: "1001", Department: "desk"}, {User: "neighbour", Extension: "1002", Department: "desk"},
			{User: "smith", Extension: "1003", Department: "repairs", Roles: smith.Roles}, {User: "clerk", Extension: "1004", Department: "billing", Roles: clerk.Roles},
		},
	}
	for n := range nodes {
		s := storetest.Open(t, h.url)
		s.Rules, s.Node = rules, n+1
		h.nodes = append(h.nodes, s)
	}
	if _, err := h.nodes[0].Revise(t.Context(), store.Revision{By: "test", Directory: h.scope.Directory}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) next() *store.Store {
	h.turns++
	return h.nodes[h.turns%len(h.nodes)]
}

// saw is what telephony sees of a new call that came in so long ago, as its case.
func (h *house) saw(ago time.Duration, from cases.Number, facts ...cases.Fact) cases.CaseNumber {
	h.t.Helper()
	h.calls++
	number := cases.NewCaseNumber(h.now, 1, h.calls)
	arrived := cases.Fact{Arrived: &cases.Arrived{Caller: cases.Caller{Raw: string(from), E164: from}, Hotline: "12345"}}
	call := uuid.Must(uuid.NewV7()).String()
	h.apply(ago, call, number, append([]cases.Fact{arrived}, facts...)...)
	return number
}

// apply has facts of a call; every fact of a callback begins a call of its own.
func (h *house) apply(ago time.Duration, call string, number cases.CaseNumber, facts ...cases.Fact) {
	h.t.Helper()
	s := h.next()
	for i := range facts {
		f := &facts[i]
		if f.CallbackStarted != nil {
			call = uuid.Must(uuid.NewV7()).String()
		}
		f.ID, f.Call, f.At = uuid.Must(uuid.NewV7()).String(), call, h.now.Add(-ago)
		if f.Arrived == nil {
			f.Case = number
		}
	}
	if err := s.Apply(h.t.Context(), facts); err != nil {
		h.t.Fatal(err)
	}
	if rejected, err := s.Rejected(h.t.Context(), 1); err != nil || len(rejected) > 0 {
		h.t.Fatalf("rejected %+v, %v", rejected, err)
	}
}

func pickedUp(by string) cases.Fact {
	return cases.Fact{PickedUp: &cases.PickedUp{Agent: by, Extension: "1001"}}
}

func (h *house) missed(due time.Duration) cases.Fact {
	return cases.Fact{Missed: &cases.Missed{Reason: cases.MissedNoAnswer, CallbackDue: h.now.Add(due)}}
}

var callingBack = cases.Fact{CallbackStarted: &cases.CallbackStarted{By: "asker", Number: caller, Attempt: 1}}

func (h *house) does(n cases.CaseNumber, ago time.Duration, who cases.Actor, moves ...cases.Move) {
	h.t.Helper()
	for _, m := range moves {
		if _, err := h.next().Move(h.t.Context(), store.Order{Case: n, By: who, At: h.now.Add(-ago), Key: uuid.NewString(), Move: m}); err != nil {
			h.t.Fatalf("%s by %s: %v", m.Kind(), who.User, err)
		}
	}
}

// fires fires all stages that are due.
func (h *house) fires() {
	h.t.Helper()
	for idle := 0; idle < len(h.nodes); idle++ {
		s := h.next()
		fired, err := s.FireStages(h.t.Context(), s.Node, 2)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(fired) > 0 {
			idle = -1
		}
	}
}

// soon is when the return visit of today is due. Nothing else changes earlier by itself.
const soon = 2 * time.Minute

// lives has everything happen that there are figures of.
func (h *house) lives() {
	const other = cases.Number("+8613900000002")
	paper := cases.Evidence{Paper: "1"}
	reply := cases.Reply{Result: "it flows", Evidence: paper}
	water := cases.Classify{Category: "water"}
	toRepairs := cases.HandOver{Department: "repairs", Person: "smith", Mode: cases.ColdTransfer}
	// opens is a case that asker registered so long ago.
	opens := func(ago time.Duration, moves ...cases.Move) cases.CaseNumber {
		h.t.Helper()
		n := h.saw(ago, "", pickedUp("asker"))
		h.does(n, ago, asker, append([]cases.Move{matter("no water")}, moves...)...)
		return n
	}
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }

	// Clocks in every state.
	opens(minutes(180), cases.Promise{What: "water", Due: h.now.Add(-minutes(120))}) // late, and the promise broken
	opens(minutes(50))
	opens(minutes(10), cases.Wait{Reason: cases.PauseCaller, What: "his papers"})
	opens(minutes(10), cases.Extend{Clock: cases.ClockReplyCaller, Until: h.now.Add(minutes(120)), Reason: "the pump", Reported: "leader"})
	h.does(opens(minutes(10)), minutes(5), asker, cases.Press{Text: "hurry"})

	// Hand-overs.
	opens(minutes(20), toRepairs)
	accepted := opens(minutes(20), toRepairs)
	h.does(accepted, minutes(10), smith, cases.Accept{}, cases.Escalate{To: cases.PartyDirector, Person: "director", Why: "no pump"})
	late := opens(minutes(40), toRepairs)
	h.does(late, minutes(5), smith, cases.Accept{})
	bounced := opens(minutes(20), toRepairs)
	h.does(bounced, minutes(15), smith, cases.Return{Code: "not_ours", Opinion: "the bill", To: "billing"})
	h.does(bounced, minutes(14), clerk, cases.Return{Code: "not_ours", Opinion: "the pipe"})
	h.does(bounced, minutes(13), judge, cases.Arbitrate{Department: "repairs", Reason: "the pipe"})
	refused := opens(minutes(20), toRepairs)
	h.does(refused, minutes(10), leader, cases.Refuse{Reason: "not allowed", Archive: "1", Evidence: paper})
	h.saw(minutes(10), "", pickedUp("gone"))

	// Replies, visits and ends.
	closed := opens(minutes(30), cases.Solve{Result: "it flows"}, reply)
	h.does(closed, minutes(20), asker, cases.Visit{Answered: true, Solved: true, Satisfied: new(3), Evidence: paper}, cases.Close{})
	passed := opens(minutes(30), toRepairs)
	h.does(passed, minutes(25), smith, cases.Accept{}, cases.Report{Result: "it flows"})
	h.does(passed, minutes(20), asker, cases.Enter{}, reply, cases.Close{})
	const day = 24 * time.Hour
	opens(minutes(20), reply)
	opens(2*day-soon, reply)
	opens(3*day, reply)

	// Callbacks.
	h.saw(minutes(30), "", h.missed(minutes(30)))
	h.saw(minutes(90), "", h.missed(-minutes(60)))
	failed := func(next time.Time, exhausted bool) cases.Fact {
		return cases.Fact{CallbackMissed: &cases.CallbackMissed{Agent: "asker", Result: cases.CallbackBusy, Attempt: 1, Next: next, Exhausted: exhausted}}
	}
	h.saw(minutes(30), "", h.missed(minutes(30)), callingBack, failed(h.now.Add(time.Hour), false))
	h.saw(minutes(30), "", h.missed(minutes(30)), callingBack, failed(time.Time{}, true))
	h.saw(minutes(30), "", h.missed(minutes(30)), callingBack)
	h.saw(minutes(20), "", h.missed(minutes(30)), callingBack, cases.Fact{CallbackAnswered: &cases.CallbackAnswered{Agent: "asker", Attempt: 1}})
	taken := h.saw(minutes(30), "", h.missed(minutes(30)))
	h.does(taken, minutes(5), asker, matter("no water"), cases.Withdraw{Reason: "it flows", Evidence: paper})

	// The same caller about the same matter, and about another.
	for _, category := range []string{"water", "water", "gas"} {
		n := h.saw(minutes(10), other, pickedUp("asker"))
		water.Category = category
		h.does(n, minutes(9), asker, water)
	}
	accused := opens(minutes(10), cases.Complain{Accused: "smith"})
	h.does(accused, minutes(5), manager, cases.Verify{True: true, Offence: "bounce", Against: "smith", Finding: "both were heard"})
	h.saw(minutes(10), "", pickedUp("asker"), cases.Fact{RecordingStarted: &cases.RecordingStarted{Mode: cases.RecordAlways}}, cases.Fact{Ended: &cases.Ended{Cause: cases.EndCaller}})

	h.fires()
	opens(minutes(180)) // nobody has fired it, nor the next
	h.finds()
	h.leaves()
	h.works()
}

// finds has an inspection find what was to be put right an hour ago.
func (h *house) finds() {
	h.t.Helper()
	eye, _ := inspected.Actor("eye")
	o := store.InspectionOrder{By: eye, At: h.now.Add(-2 * time.Hour), People: inspected}
	for _, step := range []cases.InspectionStep{
		cases.Inspect{By: cases.InspectBody},
		cases.RecordFinding{Kind: cases.FoundNeed, Text: "a ramp", Department: "hotline", Rectify: "build it", For: "agent2", Due: h.now.Add(-time.Hour)},
	} {
		o.Step, o.Key = step, uuid.NewString()
		i, err := h.next().Inspect(h.t.Context(), o)
		if err != nil {
			h.t.Fatal(err)
		}
		o.Inspection = i.ID
	}
}

// leaves has one message given up.
func (h *house) leaves() {
	rows, err := h.next().ClaimOutgoing(h.t.Context(), cases.OutgoingStage, 30*time.Second, 1)
	if err != nil || len(rows) != 1 {
		h.t.Fatal(rows, err)
	}
	if err := h.next().SettleOutgoing(h.t.Context(), rows[0], cases.Outcome{Err: "nobody is there"}); err != nil {
		h.t.Fatal(err)
	}
}

// works has agents do something: what a node says that is dead does not count.
func (h *house) works() {
	for node, does := range map[int]map[string]string{
		1: {"asker": "available", "smith": "talking", "clerk": "break"}, 2: {"asker": "away", "smith": "hold"}, 3: {"neighbour": "wrapup"},
	} {
		err := h.next().SaveAgentStates(h.t.Context(), node, does)
		if node < 3 && err == nil {
			_, err = h.next().RenewAgents(h.t.Context(), store.Node{Number: node}, nil, nil, time.Minute)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// figuresOf are the figures of a snapshot by name, like deadlines_open clock=callback
// department=other state=ok.
func figuresOf(sn store.Snapshot) map[string]float64 {
	all := map[string]float64{}
	for _, f := range sn.Figures {
		for i, v := range f.Values {
			name := strings.TrimPrefix(f.Name, "shouwen_state_")
			for j, label := range f.Labels {
				name += " " + label + "=" + f.Of[i*len(f.Labels)+j]
			}
			all[name] = v
		}
	}
	return all
}

// snapshot has a node take one.
func (h *house) snapshot() store.Snapshot {
	h.t.Helper()
	s := h.next()
	before, _ := s.Snapshot(h.t.Context(), time.Time{})
	ctx, stop := context.WithCancel(h.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := store.Snapshotter{Store: s, Scope: func() store.Scope { return h.scope }, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil))}
		_ = p.Run(ctx)
	}()
	defer func() { stop(); <-ended }()
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for ; ; <-pace.C {
		if sn, err := h.next().Snapshot(h.t.Context(), time.Time{}); err == nil && sn.Taken.After(before.Taken) {
			return sn
		} else if h.t.Context().Err() != nil {
			h.t.Fatal(err)
		}
	}
}

// driven is what lives makes of the figures; those in seconds are what they are at least.
const driven = `
agents department=billing state=break: 1
agents department=desk state=available: 1
agents department=repairs state=hold: 1
callbacks_closed_total department=desk result=cancelled: 1
callbacks_closed_total department=other result=kept: 1
callbacks_open department=other state=due: 1
callbacks_open department=other state=exhausted: 1
callbacks_open department=other state=in_progress: 1
callbacks_open department=other state=overdue: 1
callbacks_open department=other state=scheduled: 1
cases_bounced department=repairs: 1
cases_open department=desk state=open: 5
cases_open department=desk state=registered: 7
cases_open department=desk state=replied: 3
cases_open department=other state=open: 6
cases_open department=repairs state=accepted: 2
cases_open department=repairs state=handed_over: 2
class_info class=any name_en=all name_zh=全部: 1
class_info class=other name_en=other name_zh=其他: 1
clock_info against=department clock=accept name_en=acceptance by the department name_zh=签收: 1
clock_info against=first_asker clock=callback name_en=callback name_zh=回拨: 1
clock_info against=department clock=promise name_en=keeping a promise name_zh=兑现承诺: 1
clock_info against=first_asker clock=reply_caller name_en=reply to the caller name_zh=答复来电人: 1
clock_info against=first_asker clock=return_visit name_en=return visit name_zh=回访: 1
contacts_today repeat=no: 6
contacts_today repeat=yes: 1
contacts_total repeat=no: 6
contacts_total repeat=yes: 1
deadline_extensions_total department=desk reason=caller: 1
deadline_extensions_total department=desk reason=report: 1
deadline_most_overdue_seconds clock=callback department=other: 3600
deadline_most_overdue_seconds clock=promise department=desk: 7200
deadline_most_overdue_seconds clock=reply_caller department=desk: 7200
deadline_most_overdue_seconds clock=return_visit department=desk: 86400
deadline_oldest_unfired_seconds: 9000
deadlines_due_today clock=accept department=repairs result=breached: 1
deadlines_due_today clock=accept department=repairs result=met: 2
deadlines_due_today clock=callback department=other result=breached: 1
deadlines_due_today clock=callback department=other result=met: 1
deadlines_due_today clock=promise department=desk result=breached: 1
deadlines_due_today clock=reply_caller department=desk result=breached: 1
deadlines_due_today clock=reply_caller department=desk result=met: 6
deadlines_due_today clock=return_visit department=desk result=breached: 1
deadlines_due_today clock=return_visit department=desk result=met: 1
deadlines_due_total clock=accept department=repairs result=breached: 1
deadlines_due_total clock=accept department=repairs result=met: 2
deadlines_due_total clock=callback department=other result=breached: 1
deadlines_due_total clock=callback department=other result=met: 1
deadlines_due_total clock=promise department=desk result=breached: 1
deadlines_due_total clock=reply_caller department=desk result=breached: 1
deadlines_due_total clock=reply_caller department=desk result=met: 6
deadlines_due_total clock=return_visit department=desk result=breached: 1
deadlines_due_total clock=return_visit department=desk result=met: 1
deadlines_open clock=accept department=repairs state=ok: 2
deadlines_open clock=callback department=other state=ok: 4
deadlines_open clock=callback department=other state=overdue: 1
deadlines_open clock=promise department=desk state=overdue: 1
deadlines_open clock=reply_caller department=desk state=at_risk: 1
deadlines_open clock=reply_caller department=desk state=ok: 12
deadlines_open clock=reply_caller department=desk state=overdue: 2
deadlines_open clock=reply_caller department=desk state=paused: 1
deadlines_open clock=reply_caller department=other state=ok: 1
deadlines_open clock=return_visit department=desk state=at_risk: 1
deadlines_open clock=return_visit department=desk state=ok: 1
deadlines_open clock=return_visit department=desk state=overdue: 1
deadlines_pressing class=any state=at_risk: 2
deadlines_pressing class=any state=overdue: 5
deadlines_unfired: 2
department_info department=billing name_en=billing name_zh=billing: 1
department_info department=desk name_en=desk name_zh=前台: 1
department_info department=other name_en=other name_zh=其他: 1
department_info department=repairs name_en=repairs name_zh=repairs: 1
escalations_open level=1: 2
escalations_open level=4: 1
escalations_total department=desk level=1: 2
escalations_total department=repairs level=4: 1
first_asker_cases_open department=desk ownership=with_first_asker: 15
first_asker_cases_open department=other ownership=orphaned: 1
first_asker_cases_open department=repairs ownership=handed_over: 2
first_asker_cases_open department=repairs ownership=handover_pending: 2
first_asker_closed_total department=desk result=after_handover: 1
first_asker_closed_total department=desk result=by_first_asker: 1
handovers_total attempt=first department=repairs result=accepted: 2
handovers_total attempt=first department=repairs result=refused: 1
handovers_total attempt=first department=repairs result=returned: 1
handovers_total attempt=first department=repairs result=timed_out: 1
handovers_total attempt=later department=billing result=returned: 1
outbox_dead topic=stage: 1
outbox_oldest_seconds topic=stage: 0
outbox_pending topic=stage: 16
presses_total department=desk: 1
profile_info name_en=register and measure only name_zh=只登记、只计时 profile=none responsibility=stays: 1
promises_broken_total department=desk: 1
recordings_pending: 1
return_visits_open department=desk state=due: 1
return_visits_open department=desk state=overdue: 1
return_visits_open department=desk state=waiting: 1
sanctions_proposed_total department=repairs: 1
visit_answers_today answer=no department=desk question=satisfied: 1
visit_answers_today answer=yes department=desk question=contacted: 1
visit_answers_today answer=yes department=desk question=solved: 1
visit_answers_total answer=no department=desk question=satisfied: 1
visit_answers_total answer=yes department=desk question=contacted: 1
visit_answers_total answer=yes department=desk question=solved: 1
`

// TestEveryFigureIsDriven: each metric of the catalogue has a figure that something
// really made what it is, and that was there, as 0, from the start; three nodes count as
// one does, and all tell the same.
func TestEveryFigureIsDriven(t *testing.T) {
	t.Parallel()
	for _, m := range metrics.StateCatalogue {
		name := strings.TrimPrefix(m.Name, "shouwen_state_")
		served := name == "up" || strings.HasPrefix(name, "snapshot_") // by who serves it
		if !served && !strings.Contains(driven, "\n"+name+" ") && !strings.Contains(driven, "\n"+name+":") {
			t.Errorf("nothing drives %s", m.Name)
		}
	}
	for name, nodes := range map[string]int{"one node": 1, "three nodes": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := settle(t, nodes)
			atStart := figuresOf(h.snapshot())
			for name, v := range atStart {
				if metric, _, _ := strings.Cut(name, " "); v != 0 && !strings.HasSuffix(metric, "_info") {
					t.Errorf("%s is %v at the start", name, v)
				}
			}
			h.lives()
			sn := h.snapshot()
			if sn.Age < 0 || sn.Took <= 0 {
				t.Errorf("age %s, took %s", sn.Age, sn.Took)
			}
			h.check(sn)
			figures := figuresOf(sn)
			for name := range figures {
				if _, there := atStart[name]; !there {
					t.Errorf("%s was not there at the start", name)
				}
			}
			want := served(t, h.nodes[0])
			if n := strings.Count(want, "\nshouwen_"); n != len(figures)+3 {
				t.Errorf("%d figures, %d served", len(figures), n)
			}
			for _, s := range h.nodes {
				if got := served(t, s); got != want {
					t.Errorf("node %d tells something else:\n%s", s.Node, cmp.Diff(want, got))
				}
			}
		})
	}
}

// check compares a snapshot with driven.
func (h *house) check(sn store.Snapshot) {
	h.t.Helper()
	today := func(at time.Time) int { return at.In(shanghai).YearDay() }
	want := map[string]float64{}
	for line := range strings.Lines(strings.TrimSpace(driven)) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.Atoi(v)
		if err != nil {
			h.t.Fatal(err)
		}
		want[name] = float64(n)
	}
	if due := sn.Taken.Add(soon); today(due) != today(sn.Taken) { // it is nearly midnight
		delete(want, "return_visits_open department=desk state=due")
		want["return_visits_open department=desk state=waiting"]++
	}
	got := map[string]float64{}
	for name, v := range figuresOf(sn) {
		least, wanted := want[name]
		switch {
		case strings.Contains(name, "_today") && today(h.now) != today(sn.Taken): // it has just been midnight
			delete(want, name)
		case wanted && strings.Contains(name, "_seconds") && v > least && v < least+soon.Seconds():
			got[name] = least
		case v != 0:
			got[name] = v
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("-want +got\n%s", diff)
	}
}

// stateHandler is how a node serves its figures.
func stateHandler(s *store.Store) http.Handler {
	return metrics.StateHandler(func(ctx context.Context, had time.Time) (metrics.StateSnapshot, error) {
		sn, err := s.Snapshot(ctx, had)
		var figures []metrics.StateFigures
		for _, f := range sn.Figures {
			figures = append(figures, metrics.StateFigures(f))
		}
		return metrics.StateSnapshot{Taken: sn.Taken, Took: sn.Took, Age: sn.Age, Figures: figures}, err
	})
}

// served is what a node serves.
func served(t testing.TB, s *store.Store) string {
	res := httptest.NewRecorder()
	stateHandler(s).ServeHTTP(res, httptest.NewRequest("GET", "/metrics/state", nil))
	return res.Body.String()
}
