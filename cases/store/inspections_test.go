package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/cases/store"
)

var inspected = cases.Directory{
	Departments: []cases.Department{{Name: "hotline"}, {Name: "watch", Supervises: true}},
	People: []cases.Person{
		{User: "agent1", Extension: "1001", Department: "hotline"}, {User: "agent2", Extension: "1002", Department: "hotline"},
		{User: "eye", Extension: "1003", Department: "watch"},
	},
}

// TestInspectionsAreKeptWithEveryStep: S01-R12 date, finding and correction are on record,
// S03-R8 when somebody was last inspected is known, S26-R4 what was found is followed until
// it is verified. Nobody rewrites what was done.
func TestInspectionsAreKeptWithEveryStep(t *testing.T) {
	t.Parallel()
	s, c := filled(t)
	var err error
	if s.Rules.Policy, err = profile.Policy("enterprise_hotline"); err != nil {
		t.Fatal(err)
	}
	s.Rules.Calendar = cases.Plain(time.UTC)
	at := noon
	take := func(id int64, who string, step cases.InspectionStep) (cases.Inspection, error) {
		t.Helper()
		actor, _ := inspected.Actor(who)
		at = at.Add(time.Minute)
		return s.Inspect(t.Context(), store.InspectionOrder{Inspection: id, Step: step, By: actor, At: at, Key: uuid.NewString(), People: inspected})
	}
	must := func(id int64, who string, step cases.InspectionStep) cases.Inspection {
		t.Helper()
		i, err := take(id, who, step)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	i := must(0, "eye", cases.Inspect{By: cases.InspectBody, Department: "hotline"})
	fault := cases.RecordFinding{
		Kind: cases.FoundFault, Text: "nobody told the caller", Standard: "S01-R10", Case: "261123-1-0001", Department: "hotline", Person: "agent1", Rectify: "tell him", For: "agent1",
	}
	lost := fault
	lost.Case = "261123-1-0099"
	for _, tt := range []struct {
		id   int64
		step cases.InspectionStep
		want error
	}{{i.ID, lost, nil}, {i.ID, cases.Rectified{Finding: 1, Done: "x", Evidence: "x"}, nil}, {i.ID + 1, fault, store.ErrNotFound}} {
		_, err := take(tt.id, "eye", tt.step)
		_, refused := errors.AsType[*cases.InspectionError](err)
		if err == nil || errors.Is(err, store.ErrNotFound) != (tt.want != nil) || refused != (tt.want == nil) {
			t.Errorf("%s: %v", tt.step.Step(), err)
		}
	}
	must(i.ID, "eye", fault)
	must(i.ID, "agent1", cases.Rectified{Finding: 1, Done: "told", Evidence: "a call"})
	concluded := must(i.ID, "eye", cases.Conclude{Conclusion: "one fault"})
	open, err := s.OpenInspections(t.Context(), 10)
	if err != nil || len(open) != 1 || open[0].Findings[0].Text != "nobody told the caller" {
		t.Errorf("open: %+v, %v", open, err)
	}
	must(i.ID, "eye", cases.CheckRectified{Finding: 1, OK: true, Opinion: "heard it"})
	if open, err = s.OpenInspections(t.Context(), 10); err != nil || len(open) > 0 {
		t.Errorf("open: %+v, %v", open, err)
	}
	all, since, err := s.Inspected(t.Context(), at)
	if diff := cmp.Diff([]cases.Inspected{{By: cases.InspectBody, Department: "hotline", At: concluded.Concluded}}, all); err != nil || diff != "" || !since.Equal(at) {
		t.Errorf("since %s, %v: %s", since, err, diff)
	}
	day := store.Window{From: noon, Until: noon.Add(24 * time.Hour)}
	if list, err := s.Inspections(t.Context(), day, false, 10); err != nil || len(list) != 1 || list[0].ID != i.ID || list[0].Findings[0].Put.State() != cases.RectifyVerified {
		t.Errorf("of the day: %+v, %v", list, err)
	}
	if list, err := s.Inspections(t.Context(), day, true, 10); err != nil || len(list) != 0 {
		t.Errorf("open ones of the day: %+v, %v", list, err)
	}
	steps, err := s.InspectionSteps(t.Context(), i.ID)
	var names []string
	for _, step := range steps {
		names = append(names, step.By+" "+step.Step)
	}
	if diff := cmp.Diff([]string{"eye inspect", "eye finding", "agent1 rectified", "eye conclude", "eye check"}, names); err != nil || diff != "" {
		t.Errorf("log: %v %s", err, diff)
	}
	for _, sql := range []string{
		`update inspection_step set by = 'agent2'`, `delete from inspection_step`, `truncate inspection_step`, `delete from inspection`, `truncate inspection cascade`,
		`insert into inspection (by, department, opened, open, document) values ('chance', '', now(), true, '{}')`,
	} {
		if _, err := c.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: passed", sql)
		}
	}
}

// TestStepsOfAnInspectionAtOnceAreAllKept: two who inspect find something at the same time.
func TestStepsOfAnInspectionAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	s.Rules.Calendar = cases.Plain(time.UTC)
	eye, _ := inspected.Actor("eye")
	i, err := s.Inspect(t.Context(), store.InspectionOrder{Step: cases.Inspect{By: cases.InspectBody}, By: eye, At: noon, Key: uuid.NewString(), People: inspected})
	if err != nil {
		t.Fatal(err)
	}
	var all errgroup.Group
	const findings = 8
	for range findings {
		all.Go(func() error {
			_, err := s.Inspect(t.Context(), store.InspectionOrder{Inspection: i.ID, By: eye, At: noon, Key: uuid.NewString(), People: inspected, Step: cases.RecordFinding{
				Kind: cases.FoundNeed, Text: "a ramp", Department: "hotline", Rectify: "build it", For: "agent2",
			}})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	steps, err := s.InspectionSteps(t.Context(), i.ID)
	if i, e := s.Inspection(t.Context(), i.ID); err != nil || e != nil || len(i.Findings) != findings || len(steps) != findings+1 {
		t.Errorf("%d findings, %d steps, %v, %v", len(i.Findings), len(steps), err, e)
	}
}

// TestRectificationsThatAreLateAreTold: S26-R4 each stage is in the log and the outbox once,
// whichever node looks, and not again.
func TestRectificationsThatAreLateAreTold(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	s.Rules.Calendar = cases.Plain(time.UTC)
	s.Rules.Policy.Warn = cases.Warnings{Remind: 50}
	began := time.Now().Add(-4 * time.Hour).Truncate(time.Microsecond)
	eye, _ := inspected.Actor("eye")
	take := func(id int64, step cases.InspectionStep) cases.Inspection {
		t.Helper()
		i, err := s.Inspect(t.Context(), store.InspectionOrder{Inspection: id, Step: step, By: eye, At: began, Key: uuid.NewString(), People: inspected})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	id := take(0, cases.Inspect{By: cases.InspectBody}).ID
	need := cases.RecordFinding{Kind: cases.FoundNeed, Text: "a ramp", Department: "hotline", Rectify: "build it", For: "agent2"}
	for _, due := range []time.Duration{time.Hour, 6 * time.Hour, 100 * time.Hour} { // late, half over, not heard yet
		need.Due = began.Add(due)
		take(id, need)
	}
	var mu sync.Mutex
	var fired []string
	var nodes errgroup.Group
	for range 4 {
		nodes.Go(func() error {
			_, err := s.FireInspections(t.Context(), 10, func(i cases.Inspection, f cases.FiredStage) []cases.Outgoing {
				mu.Lock()
				defer mu.Unlock()
				fired = append(fired, fmt.Sprintf("%s of %d", f.Stage.Kind, f.Finding))
				return []cases.Outgoing{{Key: f.Key(), Kind: "webhook:crm", Payload: []byte("{}")}}
			})
			return err
		})
	}
	if err := nodes.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"remind of 1", "breach of 1", "remind of 2"}, fired); diff != "" {
		t.Errorf("fired: %s", diff)
	}
	steps, err := s.InspectionSteps(t.Context(), id)
	var log []string
	for _, step := range steps[4:] {
		log = append(log, step.Step+step.By)
	}
	if diff := cmp.Diff([]string{"reminded", "breached", "reminded"}, log); err != nil || diff != "" {
		t.Errorf("log: %v %s", err, diff)
	}
	out, err := s.ClaimOutgoing(t.Context(), "webhook:crm", time.Minute, 10)
	if err != nil || len(out) != 3 || out[0].Key != fmt.Sprintf("inspection:%d:1:1:remind:0", id) {
		t.Errorf("outbox: %+v, %v", out, err)
	}
}
