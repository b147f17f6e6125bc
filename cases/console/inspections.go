package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// inspectionRows are how many inspections a list has at most.
const inspectionRows = 500

type findingBody struct {
	Finding    int        `json:"finding" doc:"Its number in the inspection, from 1."`
	Kind       string     `json:"kind" enum:"fault,need" doc:"need: people who were asked unasked need it."`
	Text       string     `json:"text"`
	Standard   string     `json:"standard,omitempty" doc:"That it falls short of."`
	Case       string     `json:"case,omitempty" doc:"Left out: none in particular, or who asks may not see it."`
	Department string     `json:"department,omitempty"`
	Person     string     `json:"person,omitempty" doc:"User it is about."`
	By         string     `json:"by" doc:"User who found it."`
	At         time.Time  `json:"at"`
	Rectify    string     `json:"rectify" doc:"How it is to be put right."`
	For        string     `json:"for" doc:"User who is to do that."`
	State      string     `json:"state" enum:"open,reported,verified" doc:"reported: somebody else has to look at it."`
	Due        *time.Time `json:"due,omitempty"`
	Late       float64    `json:"late_seconds,omitempty" doc:"Over its due time, now or when it was verified."`
	Because    string     `json:"because" doc:"Why it is due then."`
	Done       string     `json:"done,omitempty"`
	Evidence   string     `json:"evidence,omitempty"`
	DoneBy     string     `json:"done_by,omitempty"`
	DoneAt     *time.Time `json:"done_at,omitempty"`
	Reopened   int        `json:"reopened" doc:"How often it was not enough."`
	Checked    string     `json:"checked_by,omitempty" doc:"User who looked at it last."`
	Opinion    string     `json:"opinion,omitempty" doc:"What he said."`
	Verified   *time.Time `json:"verified_at,omitempty"`
}

type inspectionBody struct {
	ID         int64         `json:"id"`
	By         string        `json:"by" enum:"self,mutual,body,external" doc:"Who inspects: a department itself, another one, the department for supervision, or a body outside."`
	Body       string        `json:"body,omitempty" doc:"Outside, that inspects."`
	Planned    bool          `json:"planned" doc:"As the profile asks for; else ad hoc."`
	Department string        `json:"department,omitempty" doc:"That is inspected; left out: all of them."`
	Lead       string        `json:"lead" doc:"User who answers for it."`
	Members    []string      `json:"members" nullable:"false" doc:"Users who take part."`
	Opened     time.Time     `json:"opened"`
	Due        *time.Time    `json:"due,omitempty" doc:"When it is to be concluded; left out: no number given."`
	Overdue    bool          `json:"overdue"`
	Concluded  *time.Time    `json:"concluded,omitempty"`
	Conclusion string        `json:"conclusion,omitempty"`
	Open       bool          `json:"open" doc:"It is not concluded, or something it found is not put right."`
	Findings   []findingBody `json:"findings" nullable:"false" doc:"Those that who asks may see."`
}

type inspectionsBody struct {
	Inspections []inspectionBody `json:"inspections" nullable:"false"`
}

// inspectionsSeen are those of a list that who asks may see, as he sees them.
func (x *site) inspectionsSeen(ctx context.Context, list []cases.Inspection, l lang) ([]inspectionBody, error) {
	v, people := viewerOf(ctx), x.People()
	list = slices.DeleteFunc(list, func(i cases.Inspection) bool { return v.User != "" && !i.Visible(v.Actor, people) })
	var unseen map[cases.CaseNumber]bool
	if v.User != "" {
		var numbers []cases.CaseNumber
		for _, i := range list {
			for _, f := range i.Findings {
				if f.Case != "" {
					numbers = append(numbers, f.Case)
				}
			}
		}
		if len(numbers) > 0 {
			var err error
			if unseen, err = x.Store.Unseen(ctx, numbers, v.Actor); err != nil {
				return nil, err
			}
		}
	}
	all := []inspectionBody{}
	for _, i := range list {
		all = append(all, x.inspectionOf(i, v, unseen, l))
	}
	return all, nil
}

func (x *site) inspectionOf(i cases.Inspection, v viewer, unseen map[cases.CaseNumber]bool, l lang) inspectionBody {
	now := x.Now()
	b := inspectionBody{
		ID: i.ID, By: string(i.By), Body: i.Body, Planned: i.Planned, Department: i.Department, Lead: i.Lead, Members: append([]string{}, i.Members...),
		Opened: i.Opened.UTC(), Due: timeOf(i.Due), Overdue: i.Late(now), Concluded: timeOf(i.Concluded), Conclusion: i.Conclusion, Open: i.Open(), Findings: []findingBody{},
	}
	people := x.People()
	for n, f := range i.Findings {
		if v.User != "" && !slices.Contains(i.Shown(v.Actor, people), n) {
			continue
		}
		p := f.Put
		fb := findingBody{
			Finding: n + 1, Kind: string(f.Kind), Text: f.Text, Standard: f.Standard, Department: f.Department, Person: f.Person, By: f.By, At: f.At.UTC(),
			Rectify: p.What, For: p.For, State: string(p.State()), Due: timeOf(p.Clock.Due), Late: p.Clock.Late(now).Seconds(),
			Because: p.Clock.Explain(string(l), x.Store.Rules.Calendar),
			Done:    p.Done, Evidence: p.Evidence, DoneBy: p.DoneBy, DoneAt: timeOf(p.DoneAt), Reopened: p.Reopened, Checked: p.Checked, Opinion: p.Opinion, Verified: timeOf(p.Clock.Stopped),
		}
		if !unseen[f.Case] {
			fb.Case = string(f.Case)
		}
		b.Findings = append(b.Findings, fb)
	}
	return b
}

func (x *site) listInspections(ctx context.Context, in *struct {
	Days
	Open     bool   `query:"open" doc:"Only those of which something is still to be done."`
	Language string `header:"Accept-Language" doc:"Of explanations: zh or en."`
}) (*out[inspectionsBody], error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	list, err := x.Store.Inspections(ctx, w, in.Open, inspectionRows)
	var b inspectionsBody
	if err == nil {
		b.Inspections, err = x.inspectionsSeen(ctx, list, accepted(in.Language))
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[inspectionsBody]{b}, nil
}

// inspectionSeen returns an inspection as who asks may see it; the error wraps
// store.ErrNotFound if he may not.
func (x *site) inspectionSeen(ctx context.Context, id int64, l lang) (cases.Inspection, inspectionBody, error) {
	i, err := x.Store.Inspection(ctx, id)
	var seen []inspectionBody
	if err == nil {
		seen, err = x.inspectionsSeen(ctx, []cases.Inspection{i}, l)
	}
	if err == nil && len(seen) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return cases.Inspection{}, inspectionBody{}, err
	}
	return i, seen[0], nil
}

type inspectionInput struct {
	ID       int64  `path:"id" minimum:"1"`
	Language string `header:"Accept-Language" doc:"Of explanations: zh or en."`
}

func (x *site) getInspection(ctx context.Context, in *inspectionInput) (*out[inspectionBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	_, b, err := x.inspectionSeen(ctx, in.ID, accepted(in.Language))
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[inspectionBody]{b}, nil
}

type inspectionStepBody struct {
	Seq  int             `json:"seq"`
	At   time.Time       `json:"at"`
	By   string          `json:"by,omitempty" doc:"Left out: a clock."`
	Step string          `json:"step" enum:"inspect,attend,finding,rectified,check,conclude,reminded,at_risk,breached,escalated"`
	Body json.RawMessage `json:"body" doc:"What was said, as it was sent."`
}

type inspectionStepsBody struct {
	Steps []inspectionStepBody `json:"steps" nullable:"false"`
}

// listSteps tells everything that was done in an inspection, for those who oversee.
func (x *site) listSteps(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*out[inspectionStepsBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	i, _, err := x.inspectionSeen(ctx, in.ID, english)
	var list []store.InspectionStep
	if err == nil {
		list, err = x.Store.InspectionSteps(ctx, in.ID)
	}
	var unseen map[cases.CaseNumber]bool
	if v := viewerOf(ctx); err == nil && v.User != "" {
		unseen, err = x.Store.Unseen(ctx, mapped(i.Findings, func(f cases.Finding) cases.CaseNumber { return f.Case }), v.Actor)
		delete(unseen, "")
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	if len(unseen) > 0 { // what is said there names them
		return nil, huma.Error403Forbidden(toldIn(ctx).word("not permitted"))
	}
	return &out[inspectionStepsBody]{inspectionStepsBody{mapped(list, func(s store.InspectionStep) inspectionStepBody { return inspectionStepBody(s) })}}, nil
}

type askedInspectionBody struct {
	By         string     `json:"by" enum:"self,mutual,body,external"`
	Department string     `json:"department,omitempty" doc:"Left out: all of them."`
	Last       *time.Time `json:"last,omitempty" doc:"When one was concluded last."`
	Due        *time.Time `json:"due,omitempty" doc:"When the next is to be concluded; left out: the profile gives no number."`
	Overdue    bool       `json:"overdue"`
	Rules      []string   `json:"rules" nullable:"false"`
}

type programmeBody struct {
	Inspections []askedInspectionBody `json:"inspections" nullable:"false"`
}

// programme returns the inspections the policy asks for.
func (x *site) programme(ctx context.Context) ([]cases.AskedInspection, error) {
	now := x.Now()
	held, since, err := x.Store.Inspected(ctx, now)
	if err != nil {
		return nil, err
	}
	return x.Store.Rules.Policy.Supervision.Programme(x.People(), held, since, now, x.Store.Rules.Calendar.Zone), nil
}

func (x *site) getProgramme(ctx context.Context, _ *struct{}) (*out[programmeBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	asked, err := x.programme(ctx)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[programmeBody]{programmeBody{mapped(asked, func(a cases.AskedInspection) askedInspectionBody {
		return askedInspectionBody{string(a.By), a.Department, timeOf(a.Last), timeOf(a.Due), a.Late(x.Now()), append([]string{}, a.Rules...)}
	})}}, nil
}

// inspect takes a step of an inspection for who asks, once for a key.
func (x *site) inspect(ctx context.Context, id int64, key string, step cases.InspectionStep) (cases.Inspection, error) {
	if id != 0 {
		if _, _, err := x.inspectionSeen(ctx, id, english); err != nil {
			return cases.Inspection{}, err
		}
	}
	return x.Store.Inspect(ctx, store.InspectionOrder{Inspection: id, Step: step, By: viewerOf(ctx).Actor, At: x.Now(), Key: key, People: x.People()})
}

// stepInput is a step of an inspection there is.
type stepInput[S cases.InspectionStep] struct {
	ID int64 `path:"id" minimum:"1"`
	Keyed
	Body S
}

// takeStep is the operation of a kind of step.
func takeStep[S cases.InspectionStep](x *site) func(context.Context, *stepInput[S]) (*out[inspectionBody], error) {
	return func(ctx context.Context, in *stepInput[S]) (*out[inspectionBody], error) {
		return x.stepTaken(ctx, in.ID, in.Key, in.Body)
	}
}

func (x *site) beginInspection(ctx context.Context, in *struct {
	Keyed
	Body cases.Inspect
}) (*out[inspectionBody], error) {
	return x.stepTaken(ctx, 0, in.Key, in.Body)
}

func (x *site) stepTaken(ctx context.Context, id int64, key string, step cases.InspectionStep) (*out[inspectionBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	if viewerOf(ctx).User == "" {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "header." + byHeader, Message: "expected the user who does this"})
	}
	l := toldIn(ctx)
	i, err := x.inspect(ctx, id, key, step)
	if errors.Is(err, store.ErrKey) {
		return nil, huma.Error409Conflict(l.word("key of another"))
	}
	if no, ok := errors.AsType[*cases.InspectionError](err); ok {
		wrong := make([]error, len(no.Fields))
		for n, f := range no.Fields {
			wrong[n] = &huma.ErrorDetail{Location: "body." + f.Field, Message: f.Want.In(string(l))}
		}
		return nil, huma.NewError(problemStatus[no.Reason], no.In(string(l)), wrong...)
	}
	var b inspectionBody
	if err == nil {
		_, b, err = x.inspectionSeen(ctx, i.ID, l)
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[inspectionBody]{b}, nil
}

// registerInspections has how the duty is inspected, and what is found put right.
func (x *site) registerInspections(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	const path = "/api/v1/inspections"
	huma.Register(api, operation("list_inspections", path, "Inspections of some days, the latest first", 422, 503), x.listInspections)
	huma.Register(api, operation("get_inspection", path+"/{id}", "An inspection, with what it found and how that is put right", 404, 422, 503), x.getInspection)
	huma.Register(api, operation("list_inspection_steps", path+"/{id}/steps", "Everything that was done in an inspection, in order", 403, 404, 422, 503), x.listSteps)
	huma.Register(api, operation("get_programme", "/api/v1/inspection_programme", "Inspections the profile asks for: when one was held last, and the next is due", 422, 503), x.getProgramme)
	huma.Register(api, downloads(operation("get_inspection_file", "/api/v1/reports/inspections", "The register of inspections of some days, as a file: a line for each finding", 422, 503)), x.getInspectionFile)
	post := func(id, path, summary string, also ...int) huma.Operation {
		op := operation(id, path, summary, append(also, 403, 422, 503)...)
		op.Method = http.MethodPost
		return op
	}
	huma.Register(api, post("begin_inspection", path, "Begin an inspection", 409), x.beginInspection)
	huma.Register(api, post("attend_inspection", path+"/{id}/members", "Have somebody else take part", 404, 409), takeStep[cases.Attend](x))
	huma.Register(api, post("record_finding", path+"/{id}/findings", "Put on record what was found, and who is to put it right by when", 404, 409), takeStep[cases.RecordFinding](x))
	huma.Register(api, post("report_rectified", path+"/{id}/rectifications", "Say that a finding is put right, and what proves it", 404, 409), takeStep[cases.Rectified](x))
	huma.Register(api, post("check_rectified", path+"/{id}/checks", "Say whether that is enough: somebody else does", 404, 409), takeStep[cases.CheckRectified](x))
	huma.Register(api, post("conclude_inspection", path+"/{id}/conclusion", "Conclude an inspection; what it found is still followed", 404, 409), takeStep[cases.Conclude](x))
}
