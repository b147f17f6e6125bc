package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
)

// inspectionsPage is what is inspected, and what the profile asks for.
type inspectionsPage struct {
	At    time.Time
	Open  []inspectionBody
	Asked []cases.AskedInspection
	Begin *stepForm // nil: whoever looks inspects nobody
}

// inspectionPage is one inspection, with what whoever looks may do about it.
type inspectionPage struct {
	At time.Time
	inspectionBody
	Forms []stepForm
}

// stepForm is the form of a step of an inspection.
type stepForm struct {
	Action, Title string
	Step          string
	Key           string // pressed twice, it is one step
	Fields        []formField
	Open          bool     // shown from the start
	Refused       []string // why the last attempt was; none: there was none
}

// stepKind is a kind of steps.
type stepKind struct {
	cases.Words
	empty cases.InspectionStep
	read  func([]byte) (cases.InspectionStep, error)
}

// steps are those there are, the one that begins an inspection first.
var steps = []stepKind{
	{cases.Words{ZH: "开始检查", EN: "begin an inspection"}, cases.Inspect{}, readStep[cases.Inspect]},
	{cases.Words{ZH: "报告整改", EN: "report that it is put right"}, cases.Rectified{}, readStep[cases.Rectified]},
	{cases.Words{ZH: "验收整改", EN: "verify what was done"}, cases.CheckRectified{}, readStep[cases.CheckRectified]},
	{cases.Words{ZH: "记录问题或需求", EN: "record a finding"}, cases.RecordFinding{}, readStep[cases.RecordFinding]},
	{cases.Words{ZH: "增加参加人员", EN: "have somebody else take part"}, cases.Attend{}, readStep[cases.Attend]},
	{cases.Words{ZH: "结束检查", EN: "conclude the inspection"}, cases.Conclude{}, readStep[cases.Conclude]},
}

// of returns the step about the n-th finding; nil: it is about none.
func (k stepKind) of(n int) cases.InspectionStep {
	switch k.empty.(type) {
	case cases.Rectified:
		return cases.Rectified{Finding: n}
	case cases.CheckRectified:
		return cases.CheckRectified{Finding: n}
	}
	return nil
}

func readStep[S cases.InspectionStep](body []byte) (cases.InspectionStep, error) {
	var s S
	err := json.Unmarshal(body, &s)
	return s, err
}

// stepFields are what the fields of steps are called; one of a single step is STEP.FIELD.
var stepFields = map[string]cases.Words{
	"by": {ZH: "检查方式", EN: "who inspects"}, "body": {ZH: "外部检查单位", EN: "body outside"}, "planned": {ZH: "按计划的定期检查", EN: "as the profile asks for, not ad hoc"},
	"department": {ZH: "部门", EN: "department"}, "members": {ZH: "参加人员（工号，用逗号分隔）", EN: "who takes part (users, with commas between)"}, "user": {ZH: "参加人员", EN: "who takes part"},
	"due": {ZH: "期限", EN: "by when"}, "kind": {ZH: "类型", EN: "kind"}, "text": {ZH: "发现的问题或收集的需求", EN: "what was found, or what people need"},
	"standard": {ZH: "未达到的标准", EN: "standard it falls short of"}, "case": {ZH: "所涉工单", EN: "case it is about"}, "person": {ZH: "责任人", EN: "person it is about"},
	"rectify": {ZH: "如何整改", EN: "how it is to be put right"}, "for": {ZH: "整改人", EN: "who puts it right"},
	"finding": {ZH: "问题", EN: "finding"}, "done": {ZH: "整改情况", EN: "what was done"}, "evidence": {ZH: "证据", EN: "what proves it"},
	"ok": {ZH: "已整改到位", EN: "it is put right"}, "opinion": {ZH: "验收意见", EN: "what you say about it"}, "check.due": {ZH: "新的期限（退回整改时，空：不变）", EN: "new time limit, if it is to be done again (empty: as it was)"},
	"conclusion": {ZH: "检查结论", EN: "what it comes to"},
}

// inputs of fields that their type does not tell.
var stepInputs = map[string]string{
	"person": "people", "for": "people", "user": "people", "standard": "area", "rectify": "area", "done": "area", "evidence": "area", "conclusion": "area", "text": "area", "opinion": "area",
}

// formOfStep returns the form of a step; choices are those of its fields.
func (x *site) formOfStep(n int, action string, l lang, findings []option) stepForm {
	step := steps[n]
	name := step.empty.Step()
	m := moveForm{Kind: cases.MoveKind(name), lang: l}
	m.add("", reflect.TypeOf(step.empty), func(field string, _ reflect.Type) []option {
		if field == "finding" {
			return findings
		}
		return x.stepChoices(field, l)
	})
	for i, f := range m.Fields {
		w, ok := stepFields[name+"."+f.Name]
		if !ok {
			w = stepFields[f.Name]
		}
		m.Fields[i].Label = w.In(string(l))
		if input, ok := stepInputs[f.Name]; ok {
			m.Fields[i].Input = input
		}
		m.Fields[i].Wide = slices.Contains([]string{"area", "checkbox"}, m.Fields[i].Input)
	}
	return stepForm{Action: action + "/steps/" + name, Title: step.In(string(l)), Step: name, Key: uuid.NewString(), Fields: m.Fields}
}

// stepChoices are what a field of a step may be; nil: anything.
func (x *site) stepChoices(field string, l lang) (all []option) {
	words := map[string][]cases.Choice{"by": cases.Inspectors(), "kind": cases.FindingKinds()}[field]
	for _, w := range words {
		all = append(all, option{Value: w.Value, Text: w.In(string(l))})
	}
	if field == "department" {
		for _, d := range x.People().Departments {
			all = append(all, option{Value: d.Name, Text: titled(d.Title, d.Name)})
		}
	}
	return all
}

// offered tells whether a step is somebody's to take, whatever it lacks.
func (x *site) offered(i cases.Inspection, s cases.InspectionStep, by cases.Actor) bool {
	_, err := i.Take(s, by, x.Now(), x.Store.Rules, x.People())
	no, refused := errors.AsType[*cases.InspectionError](err)
	return !refused || no.Reason == cases.RefusedFields
}

// formsOfSteps are those whoever looks may fill in.
func (x *site) formsOfSteps(i cases.Inspection, by cases.Actor, l lang) (all []stepForm) {
	if by.User == "" {
		return nil
	}
	action := "/inspections/" + strconv.FormatInt(i.ID, 10)
	for n, step := range steps[1:] {
		var about []option
		for k, f := range i.Findings {
			if one := step.of(k + 1); one != nil && x.offered(i, one, by) {
				about = append(about, option{Value: strconv.Itoa(k + 1), Text: strconv.Itoa(k+1) + " · " + f.Text, Chosen: about == nil})
			}
		}
		if about != nil || step.of(1) == nil && x.offered(i, step.empty, by) {
			f := x.formOfStep(n+1, action, l, about)
			f.Open = len(all) == 0
			all = append(all, f)
		}
	}
	return all
}

func (x *site) showInspections(w http.ResponseWriter, r *http.Request) {
	x.inspectionList(w, r, http.StatusOK, nil)
}

func (x *site) inspectionList(w http.ResponseWriter, r *http.Request, status int, refused *stepForm) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	l := languageOf(r)
	page := inspectionsPage{At: x.Now()}
	list, err := x.Store.OpenInspections(ctx, inspectionRows)
	if err == nil {
		page.Open, err = x.inspectionsSeen(ctx, list, l)
	}
	if err == nil {
		page.Asked, err = x.programme(ctx)
	}
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	if page.Begin = refused; refused == nil && viewerOf(ctx).User != "" {
		f := x.formOfStep(0, "/inspections/0", l, nil)
		page.Begin = &f
	}
	x.render(w, r, status, "inspections", page)
}

func (x *site) showInspection(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		x.fail(w, r, http.StatusNotFound)
		return
	}
	x.inspectionDetail(w, r, http.StatusOK, id, nil)
}

func (x *site) inspectionDetail(w http.ResponseWriter, r *http.Request, status int, id int64, refused *stepForm) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	i, b, err := x.inspectionSeen(ctx, id, languageOf(r))
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	page := inspectionPage{At: x.Now(), inspectionBody: b, Forms: x.formsOfSteps(i, viewerOf(ctx).Actor, languageOf(r))}
	for n := range page.Forms {
		if refused != nil {
			if page.Forms[n].Open = false; page.Forms[n].Step == refused.Step {
				page.Forms[n], refused = *refused, nil
			}
		}
	}
	if refused != nil {
		page.Forms = append([]stepForm{*refused}, page.Forms...)
	}
	x.render(w, r, status, "inspection", page)
}

// stepFromPage takes the step of a form.
func (x *site) stepFromPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	n := slices.IndexFunc(steps, func(s stepKind) bool { return s.empty.Step() == r.PathValue("step") })
	if err != nil || n < 0 || (id == 0) != (n == 0) {
		x.fail(w, r, http.StatusNotFound)
		return
	}
	if r.ParseForm() != nil || viewerOf(ctx).User == "" || uuid.Validate(r.PostForm.Get("key")) != nil {
		x.fail(w, r, http.StatusBadRequest)
		return
	}
	l := languageOf(r)
	form := x.formOfStep(n, "/inspections/"+r.PathValue("id"), l, nil)
	form.Key = r.PostForm.Get("key")
	i, why, err := x.stepPosted(ctx, id, n, form, r.PostForm)
	switch {
	case why != nil:
		form.refuse(why, l, r.PostForm)
		if r = r.WithContext(ctx); id == 0 {
			x.inspectionList(w, r, problemStatus[why.Reason], &form)
		} else {
			x.inspectionDetail(w, r, problemStatus[why.Reason], id, &form)
		}
	case err != nil:
		x.fail(w, r, x.health.status(err, x.Log))
	default:
		http.Redirect(w, r, "/inspections/"+strconv.FormatInt(i.ID, 10), http.StatusSeeOther)
	}
}

// stepPosted takes a step as its form was filled in; why it was refused, if it was.
func (x *site) stepPosted(ctx context.Context, id int64, n int, form stepForm, posted url.Values) (cases.Inspection, *cases.InspectionError, error) {
	step, err := steps[n].read(bodyOf(form.Fields, posted, x.Store.Rules.Calendar.Zone))
	if err != nil {
		return cases.Inspection{}, &cases.InspectionError{Step: form.Step, Refusal: cases.Refusal{Reason: cases.RefusedFields}}, nil
	}
	i, err := x.inspect(ctx, id, form.Key, step)
	if no, ok := errors.AsType[*cases.InspectionError](err); ok {
		return i, no, nil
	}
	return i, nil, err
}

// refuse shows why the last attempt was refused, at its fields, as they were filled in.
func (f *stepForm) refuse(why *cases.InspectionError, l lang, posted url.Values) {
	f.Open, f.Refused = true, []string{why.In(string(l))}
	for _, wrong := range why.Fields {
		f.Refused = append(f.Refused, wrong.Want.In(string(l)))
		for i, field := range f.Fields {
			if field.Name == wrong.Field {
				f.Fields[i].Problem = wrong.Want.In(string(l))
			}
		}
	}
	fill(f.Fields, posted)
}

// rectifyRow is a finding that somebody has to do something about.
type rectifyRow struct {
	ID    int64 // of the inspection
	Text  string
	State cases.RectificationState
	For   string
	Due   time.Time
}

// rectifications are what v has to put right or to verify; and whatever is late, for who
// watches over everything. The second are the inspections that are late: his own, or all.
func (x *site) rectifications(ctx context.Context, v viewer, all bool) (rows []rectifyRow, late []cases.Inspection, err error) {
	open, err := x.Store.OpenInspections(ctx, inspectionRows)
	now := x.Now()
	for _, i := range open {
		if i.Late(now) && (all || i.Lead == v.User) {
			late = append(late, i)
		}
		for n, f := range i.Findings {
			p := f.Put
			mine := p.State() == cases.RectifyOpen && p.For == v.User ||
				p.State() == cases.RectifyReported && (i.Lead == v.User || slices.Contains(i.Members, v.User)) && x.offered(i, cases.CheckRectified{Finding: n + 1}, v.Actor)
			if p.State() != cases.RectifyVerified && (mine || all && p.Clock.Late(now) > 0) {
				rows = append(rows, rectifyRow{i.ID, f.Text, p.State(), p.For, p.Clock.Due})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b rectifyRow) int {
		if a.Due.IsZero() != b.Due.IsZero() {
			return b.Due.Compare(a.Due) // what has no due time comes last
		}
		return a.Due.Compare(b.Due)
	})
	return rows, late, err
}

// printInspection answers with an inspection to be printed and signed.
func (x *site) printInspection(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		err = store.ErrNotFound
	}
	l := languageOf(r)
	var b inspectionBody
	if err == nil {
		_, b, err = x.inspectionSeen(ctx, id, l)
	}
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	x.render(w, r, http.StatusOK, "print", x.printedInspection(b, l))
}

// printedInspection is the protocol of an inspection: a block for each finding.
func (x *site) printedInspection(b inspectionBody, l lang) printPage {
	number := strconv.FormatInt(b.ID, 10)
	p := printPage{
		Back: "/inspections/" + number, Of: cases.Inspector(b.By).Words().In(string(l)), Number: number, Title: l.word("inspections"), Printed: x.Now(), Copies: []int{1},
		Signers: []printLine{{l.word("led by"), x.reader(l).Name(b.Lead)}, {cases.Words{ZH: "受检部门或人员", EN: "Who was inspected"}.In(string(l)), ""}}, Rules: []string{"S01-R12", "S26-R4"},
	}
	for n, line := range inspectionLines(b, x.reader(l)) {
		for i, c := range inspectionColumns {
			if i < inspectionFrom && n > 0 || line[i] == nil || line[i] == "" {
				continue
			}
			p.Lines = append(p.Lines, printLine{c.In(string(l)), fmt.Sprint(line[i])})
		}
	}
	return p
}
