package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"shouwen/cases"
	"shouwen/cases/store"
)

// moveForm is the form of a move: its fields as the Go type has them.
type moveForm struct {
	Kind    cases.MoveKind
	Key     string // pressed twice, it is one move
	Seen    int
	Fields  []formField
	Minor   []formField  // those that are rarely needed
	Lacks   []lack       // what has to come first, by other moves
	Open    bool         // shown from the start
	Refused *moveProblem // the last attempt; nil: none

	lang lang
}

// formField is an input.
type formField struct {
	Name, Label string
	Input       string   // text, area, list, number, tel, datetime-local, checkbox, select, choices or people
	Values      []string // as typed, or chosen
	Options     []option
	Required    bool
	Wide        bool     // takes the whole line
	Focus       bool     // is where writing begins
	Before      []string // steps that the profile wants it before, later on
	Problem     string   // of the last attempt
}

// lack is something that another move has to bring.
type lack struct {
	fieldErrorBody
	By cases.MoveKind // that move; empty: none in particular
}

// option is what may be chosen.
type option struct {
	Value, Text string
	Chosen      bool
}

// Value is what an input with one value has.
func (f formField) Value() string {
	if len(f.Values) == 0 {
		return ""
	}
	return f.Values[0]
}

// setByMove are the fields that a move sets itself.
var setByMove = map[cases.MoveKind][]string{
	cases.MoveNotify: {"again"}, cases.MoveEscalate: {"counted", "at"}, cases.MoveAlarm: {"unconfirmed"}, cases.MoveFile: {"unconfirmed"}, cases.MoveHandOver: {"unconfirmed", "by", "meant"}, cases.MoveReturn: {"by", "from", "sender"}, cases.MoveReply: {"by", "party"},
	cases.MoveRefuse: {"signed"}, cases.MoveExtend: {"asked", "approver", "approved", "told"}, cases.MoveReassign: {"consent", "told"},
}

// formOf returns the form of a move, empty.
func formOf(kind cases.MoveKind, l lang) moveForm {
	empty, err := cases.ReadMove(kind, []byte("{}"))
	if err != nil {
		panic(err) // kind is one of the moves
	}
	f := moveForm{Kind: kind, Key: uuid.NewString(), lang: l}
	f.add("", reflect.TypeOf(empty), nil)
	return f
}

// add adds the fields of a struct type, their names behind prefix, with the choices
// there are.
func (f *moveForm) add(prefix string, t reflect.Type, choices func(name string, t reflect.Type) []option) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if slices.Contains(setByMove[f.Kind], prefix+name) {
			continue
		}
		input := inputOf(prefix+name, field.Type)
		switch input {
		case "struct":
			f.add(prefix+name+".", field.Type, choices)
			continue
		case "map": // one field for each that the profile requires, see require
			continue
		}
		one := formField{Name: prefix + name, Label: f.lang.field(f.Kind, prefix+name), Input: input}
		if choices != nil {
			if one.Options = choices(prefix+name, field.Type); one.Options != nil {
				one.Input = map[bool]string{true: "choices", false: "select"}[input == "list"]
			}
		}
		f.Fields = append(f.Fields, one)
	}
}

// areas are the fields with room for more than a line; peopled those that name somebody
// of the directory.
var (
	areas = []string{
		"content", "note", "opinion", "finding", "condition", "instruction", "proposal", "text", "helped", "why", "said", "result", "answer", "reason", "signed", "how",
	}
	peopled = []string{
		"named", "person", "whom", "absent", "stand_in", "coordinator", "leader", "approved", "accused", "against", "who", "reported",
	}
)

func inputOf(name string, t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "datetime-local"
	case t.Kind() == reflect.Bool:
		return "checkbox"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Struct:
		return "struct"
	case t.Kind() == reflect.Map:
		return "map"
	case slices.Contains(areas, name):
		return "area"
	case slices.Contains(peopled, name):
		return "people"
	case name == "phone":
		return "tel"
	}
	return "text"
}

// require adds what the profile requires of the register and no move has a field for.
func (f *moveForm) require(all []cases.Field) {
	for _, field := range all {
		name := "fields." + string(field)
		if slices.ContainsFunc(f.Fields, func(o formField) bool { return o.Name == name }) || !strings.Contains(extraFields, " "+string(field)+" ") {
			continue
		}
		f.Fields = append(f.Fields, formField{Name: name, Label: field.Words().In(string(f.lang)), Input: "text"})
	}
}

// extraFields are those of the register that only a registration can fill.
const extraFields = " answer reason_code building room objects contact_given receipt_number appointment requester completeness policy_number "

// late are the fields that come at the end of a form, first are those it begins with, and
// minor those most people never need, unless they are required.
var (
	first = []string{"content", "department", "what", "result"}
	late  = []string{"read_back"}
	minor = []string{
		"evidence.message", "evidence.paper", "agreed.message", "agreed.paper", "organisation", "channel", "time", "reply.reason",
		"spoken", "dialled", "insisted", "estimate", "copied", "own_asked", "named", "alarm.set", "means", "departed", "close.signed",
	}
)

// arrange puts the fields in the order people fill them in, and those aside that are
// rarely needed. It comes last.
func (f *moveForm) arrange() {
	rank := func(o formField) int {
		switch {
		case slices.Contains(first, o.Name):
			return 0
		case slices.Contains(late, o.Name):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(f.Fields, func(a, b formField) int { return rank(a) - rank(b) })
	all := f.Fields
	f.Fields = nil
	for _, o := range all {
		o.Wide = slices.Contains([]string{"area", "choices", "checkbox"}, o.Input)
		rare := slices.Contains(minor, o.Name) || slices.Contains(minor, string(f.Kind)+"."+o.Name)
		if rare && !o.Required && o.Problem == "" {
			f.Minor = append(f.Minor, o)
		} else {
			f.Fields = append(f.Fields, o)
		}
	}
	if i := slices.IndexFunc(f.Fields, func(o formField) bool { return o.Value() == "" && o.Input != "checkbox" && o.Input != "choices" }); f.Open && i >= 0 {
		f.Fields[i].Focus = true
	}
}

// fill gives fields values; one that offers choices has those that there are.
func fill(fields []formField, values url.Values) {
	for i, field := range fields {
		given := values[field.Name]
		fields[i].Values = given
		for j, o := range field.Options {
			field.Options[j].Chosen = slices.Contains(given, o.Value)
		}
	}
}

// refuse shows why the last attempt was refused, at its fields.
func (f *moveForm) refuse(p *moveProblem) {
	f.Refused, f.Open = p, true
	for _, wrong := range p.Fields {
		for i, field := range f.Fields {
			if field.is(wrong.Field) {
				f.Fields[i].Problem = wrong.Want
			}
		}
	}
}

// is tells whether a refusal that names a field means this one.
func (f formField) is(name string) bool {
	register := map[string]string{"caller_phone": "phone", "caller_name": "name", "work_unit": "organisation"}
	if n, ok := register[name]; ok {
		name = n
	}
	return f.Name == name || f.Name == "fields."+name || strings.HasPrefix(f.Name, name+".")
}

// bodyOf is the body of a move or step as the fields of its form were filled in; what is
// empty is left out. Times are of zone.
func bodyOf(fields []formField, posted url.Values, zone *time.Location) []byte {
	body := map[string]any{}
	for _, field := range fields {
		text := strings.TrimSpace(posted.Get(field.Name))
		if text == "" {
			continue
		}
		var value any = text
		switch field.Input {
		case "checkbox":
			value = true
		case "number":
			if n, err := strconv.Atoi(text); err == nil {
				value = n
			}
		case "select":
			if n, err := strconv.Atoi(text); err == nil && slices.Contains(countedFields, field.Name) {
				value = n
			}
		case "choices":
			value = posted[field.Name]
		case "list":
			value = strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;，、；\n", r) })
		case "datetime-local":
			if at, err := time.ParseInLocation("2006-01-02T15:04", text, zone); err == nil {
				value = at
			}
		}
		into, name := body, field.Name
		if outer, inner, nested := strings.Cut(name, "."); nested {
			if body[outer] == nil {
				body[outer] = map[string]any{}
			}
			into, name = body[outer].(map[string]any), inner
		}
		into[name] = value
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // it is made of texts
	}
	return b
}

// countedFields are numbers that are chosen.
var countedFields = []string{"level", "satisfied", "task", "finding"}

// moveFromPage makes the move of a form.
func (x *site) moveFromPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	kind, by := cases.MoveKind(r.PathValue("kind")), viewerOf(ctx).Actor
	c, ledger, err := x.caseSeen(ctx, cases.CaseNumber(r.PathValue("number")))
	if err == nil && !slices.Contains(cases.MoveKinds(), kind) {
		err = store.ErrNotFound
	}
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	if err := r.ParseForm(); err != nil || by.User == "" || uuid.Validate(r.PostForm.Get("key")) != nil {
		x.fail(w, r, http.StatusBadRequest)
		return
	}
	form := x.formsFor(ctx, c, languageOf(r)).of(kind)
	if form.Kind == "" { // the move itself says why
		form = formOf(kind, languageOf(r))
	}
	fill(form.Fields, r.PostForm)
	form.Key = r.PostForm.Get("key")
	seen, _ := strconv.Atoi(r.PostForm.Get("seen")) // none: he has not looked
	m, err := cases.ReadMove(kind, bodyOf(form.Fields, r.PostForm, x.Store.Rules.Calendar.Zone))
	if err == nil {
		_, err = x.Store.Move(ctx, store.Order{Case: c.Number, Move: m, By: by, At: x.Now(), Key: form.Key, Seen: max(0, seen)})
		err = x.notMoved(ctx, c.Number, m, err, form.lang)
	} else {
		err = newMoveProblem(c.Number, kind, problemBody, form.lang.word("not understood"))
	}
	switch p, refused := errors.AsType[*moveProblem](err); {
	case refused:
		form.refuse(p)
		form.arrange()
		x.showCase(w, r.WithContext(ctx), p.Status, c, ledger, &form)
	case err != nil:
		x.fail(w, r, http.StatusServiceUnavailable)
	default:
		x.Feed.CasesChanged()
		http.Redirect(w, r, "/cases/"+string(c.Number)+"?done="+string(kind), http.StatusSeeOther)
	}
}
