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
	Missing []string     // what the profile still requires before it
	Refused *moveProblem // the last attempt; nil: none

	lang lang
}

// formField is an input.
type formField struct {
	Name, Label, Value string
	Input              string // text, list, number, datetime-local or checkbox
}

// setByMove are the fields that a move sets itself.
var setByMove = map[cases.MoveKind][]string{
	cases.MoveNotify: {"again"}, cases.MoveEscalate: {"counted", "at"}, cases.MoveAlarm: {"unconfirmed"}, cases.MoveFile: {"unconfirmed"}, cases.MoveHandOver: {"unconfirmed", "by"}, cases.MoveReturn: {"by", "from", "sender"}, cases.MoveReply: {"by", "party"},
	cases.MoveRefuse: {"signed"}, cases.MoveExtend: {"asked", "approver", "approved", "told"}, cases.MoveReassign: {"consent", "told"},
}

// formOf returns the form of a move, with values as posted.
func formOf(kind cases.MoveKind, l lang, posted url.Values) moveForm {
	empty, err := cases.ReadMove(kind, []byte("{}"))
	if err != nil {
		panic(err) // kind is one of the moves
	}
	f := moveForm{Kind: kind, Key: uuid.NewString(), lang: l}
	f.add("", reflect.TypeOf(empty), l, posted)
	return f
}

// add adds the fields of a struct type, their names behind prefix.
func (f *moveForm) add(prefix string, t reflect.Type, l lang, posted url.Values) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if slices.Contains(setByMove[f.Kind], prefix+name) {
			continue
		}
		input := inputOf(field.Type)
		switch input {
		case "struct":
			f.add(prefix+name+".", field.Type, l, posted)
		case "map": // one field for each that the profile requires, see require
		default:
			f.Fields = append(f.Fields, formField{prefix + name, l.field(f.Kind, prefix+name), posted.Get(prefix + name), input})
		}
	}
}

func inputOf(t reflect.Type) string {
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
	}
	return "text"
}

// require adds what the profile requires of the register and no move has a field for.
func (f *moveForm) require(all []cases.Field, m cases.Matter, l lang, posted url.Values) {
	for _, field := range all {
		name := "fields." + string(field)
		if slices.ContainsFunc(f.Fields, func(o formField) bool { return o.Name == name }) || !strings.Contains(extraFields, " "+string(field)+" ") {
			continue
		}
		value := posted.Get(name)
		if value == "" {
			value = m.Fields[string(field)]
		}
		f.Fields = append(f.Fields, formField{name, field.Words().In(string(l)), value, "text"})
	}
}

// extraFields are those of the register that only a registration can fill.
const extraFields = " answer reason_code building room objects contact_given receipt_number appointment requester completeness policy_number "

// moveJSON is the body of a move as its form was filled in; what is empty is left out.
// Times are of zone.
func moveJSON(f moveForm, posted url.Values, zone *time.Location) ([]byte, error) {
	body := map[string]any{}
	for _, field := range f.Fields {
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
	return json.Marshal(body)
}

// moveForms are the forms of what whoever asks may do with c now.
func (x *site) moveForms(ctx context.Context, c cases.Case, l lang) []moveForm {
	moves := c.Moves(viewerOf(ctx).Actor, x.Store.Rules.Policy)
	slices.SortFunc(moves, func(a, b cases.MoveKind) int { return strings.Compare(string(a), string(b)) })
	return mapped(moves, func(kind cases.MoveKind) moveForm { return x.moveForm(c, kind, l, onRecord(c, kind)) })
}

func (x *site) moveForm(c cases.Case, kind cases.MoveKind, l lang, posted url.Values) moveForm {
	p := x.Store.Rules.Policy
	f := formOf(kind, l, posted)
	f.Seen = c.Events
	for _, r := range requirements(c, []cases.MoveKind{kind}, p, l) {
		if r.Missing {
			f.Missing = append(f.Missing, r.Title)
		}
	}
	if kind == cases.MoveRegister {
		for _, before := range cases.MoveKinds() {
			f.require(p.Required(cases.Step(before), c.Facts(p)), c.File.Matter, l, posted)
		}
	}
	return f
}

// onRecord is what a registration begins with: what is on record already.
func onRecord(c cases.Case, kind cases.MoveKind) url.Values {
	if kind != cases.MoveRegister {
		return nil
	}
	m := c.File.Matter
	v := url.Values{"phone": {m.Phone}, "name": {m.Name}, "address": {m.Address}, "organisation": {m.Organisation}, "content": {m.Content}, "channel": {m.Channel}}
	if m.Phone == "" && !c.Call.Caller.Withheld {
		v.Set("phone", string(c.Call.Caller.E164))
	}
	return v
}

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
	form := x.moveForm(c, kind, languageOf(r), r.PostForm)
	form.Key = r.PostForm.Get("key")
	seen, _ := strconv.Atoi(r.PostForm.Get("seen")) // none: he has not looked
	body, err := moveJSON(form, r.PostForm, x.Store.Rules.Calendar.Zone)
	if err != nil {
		panic(err) // it is made of texts
	}
	m, err := cases.ReadMove(kind, body)
	if err == nil {
		_, err = x.Store.Move(ctx, store.Order{Case: c.Number, Move: m, By: by, At: x.Now(), Key: form.Key, Seen: max(0, seen)})
		err = x.notMoved(ctx, c.Number, kind, err, form.lang)
	} else {
		err = newMoveProblem(c.Number, kind, problemBody, err.Error())
	}
	switch p, refused := errors.AsType[*moveProblem](err); {
	case refused:
		form.Refused = p
		x.showCase(w, r.WithContext(ctx), p.Status, c, ledger, &form)
	case err != nil:
		x.fail(w, r, http.StatusServiceUnavailable)
	default:
		http.Redirect(w, r, "/cases/"+string(c.Number), http.StatusSeeOther)
	}
}
