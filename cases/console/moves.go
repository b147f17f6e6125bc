package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// The problems that are no reason of package cases.
const (
	problemStale cases.Reason = "stale"   // the case has moved since it was seen
	problemBody  cases.Reason = "no_move" // the body is no such move
)

// problemStatus is the HTTP status of each problem of a move.
var problemStatus = map[cases.Reason]int{
	cases.RefusedRole:     http.StatusForbidden,
	cases.RefusedState:    http.StatusConflict,
	problemStale:          http.StatusConflict,
	cases.RefusedFields:   http.StatusUnprocessableEntity,
	cases.RefusedEvidence: http.StatusUnprocessableEntity,
	cases.RefusedPolicy:   http.StatusUnprocessableEntity,
	problemBody:           http.StatusUnprocessableEntity,
}

// moveProblem is the problem document (RFC 9457) of a move that was not made.
type moveProblem struct {
	Type   string           `json:"type" format:"uri-reference" enum:"/problems/role,/problems/state,/problems/stale,/problems/fields,/problems/evidence,/problems/policy,/problems/no_move" doc:"Why: not this person's to make; not while the case stands there; the case has moved since it was seen; something is missing or wrong; nothing proves that the caller was reached; the policy does not allow it; the body is no such move."`
	Title  string           `json:"title"`
	Status int              `json:"status"`
	Detail string           `json:"detail" doc:"Why, in the language asked for."`
	Case   string           `json:"case"`
	Move   string           `json:"move"`
	State  string           `json:"state,omitempty" doc:"Where the case stands."`
	Rule   string           `json:"rule,omitempty" doc:"Of the catalogue, that asks for it." example:"S02-R9"`
	Fields []fieldErrorBody `json:"fields,omitempty" nullable:"false" doc:"All that is missing or wrong."`
}

type fieldErrorBody struct {
	Field string `json:"field" doc:"As in the JSON of the move, or of the register." example:"caller_name"`
	Title string `json:"title"`
	Want  string `json:"want" doc:"The remedy."`
}

func (p *moveProblem) Error() string             { return p.Detail }
func (p *moveProblem) GetStatus() int            { return p.Status }
func (p *moveProblem) ContentType(string) string { return "application/problem+json" }

func newMoveProblem(n cases.CaseNumber, kind cases.MoveKind, why cases.Reason, detail string) *moveProblem {
	status := problemStatus[why]
	return &moveProblem{
		Type: "/problems/" + string(why), Title: http.StatusText(status), Status: status, Detail: detail, Case: string(n), Move: string(kind),
	}
}

// Numbered is what a request says that is about a case.
type Numbered struct {
	Number cases.CaseNumber `path:"number" maxLength:"64" example:"261123-1-0001"`
}

// Keyed is what a request says that is not to be done twice.
type Keyed struct {
	Key string `header:"Idempotency-Key" required:"true" format:"uuid" doc:"The same one again changes nothing."`
}

type moveInput struct {
	Numbered
	Keyed
	Seen    int    `query:"seen" minimum:"1" doc:"event_count of the case as whoever moves it has seen it; another move since is a problem then. What the phones add is none."`
	RawBody []byte `contentType:"application/json"`
}

// registerMoves has one endpoint for each kind of move.
func (x *site) registerMoves(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	registry := api.OpenAPI().Components.Schemas
	problem := map[string]*huma.MediaType{"application/problem+json": {Schema: registry.Schema(reflect.TypeFor[moveProblem](), true, "")}}
	for _, kind := range cases.MoveKinds() {
		empty, err := cases.ReadMove(kind, []byte("{}"))
		if err != nil {
			panic(err) // every move can be empty, though none is made so
		}
		path := "/api/v1/cases/{number}/moves/" + string(kind)
		op := operation(string(kind)+"_case", path, "Move a case: "+english.word("move "+string(kind)), 404, 503)
		op.Method, op.SkipValidateBody = http.MethodPost, true // the move itself says what it lacks, all at once
		huma.Register(api, op, x.move(kind))
		made := api.OpenAPI().Paths[path].Post
		made.RequestBody.Content["application/json"].Schema = registry.Schema(reflect.TypeOf(empty), true, "")
		for status, when := range map[string]string{"403": "Not this person's to make", "409": "Not while the case stands there, or it has moved since it was seen", "422": "Something is missing, wrong or not allowed"} {
			made.Responses[status] = &huma.Response{Description: when, Content: problem}
		}
	}
}

func (x *site) move(kind cases.MoveKind) func(context.Context, *moveInput) (*out[caseBody], error) {
	return func(ctx context.Context, in *moveInput) (*out[caseBody], error) {
		ctx, cancel := context.WithTimeout(ctx, apiPatience)
		defer cancel()
		by := viewerOf(ctx).Actor
		if by.User == "" {
			return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{
				Location: "header." + byHeader, Message: "expected the user who moves the case",
			})
		}
		m, err := cases.ReadMove(kind, in.RawBody)
		if err != nil {
			return nil, newMoveProblem(in.Number, kind, problemBody, err.Error())
		}
		l := toldIn(ctx)
		_, err = x.Store.Move(ctx, store.Order{Case: in.Number, Move: m, By: by, At: x.Now(), Key: in.Key, Seen: in.Seen})
		if err := x.notMoved(ctx, in.Number, m, err, l); err != nil {
			return nil, err
		}
		c, ledger, err := x.caseSeen(ctx, in.Number)
		if err := x.problem(err); err != nil {
			return nil, err
		}
		return &out[caseBody]{x.detail(ctx, c, ledger, l)}, nil
	}
}

// notMoved returns the API's answer, in words of l, to an error of m, nil to none. A case
// that whoever moved it may not see does not exist.
func (x *site) notMoved(ctx context.Context, n cases.CaseNumber, m cases.Move, err error, l lang) error {
	kind := m.Kind()
	if errors.Is(err, cases.ErrStale) {
		return newMoveProblem(n, kind, problemStale, l.word("stale"))
	}
	if errors.Is(err, store.ErrKey) {
		return newMoveProblem(n, kind, problemStale, l.word("key of another"))
	}
	refused, ok := errors.AsType[*cases.MoveError](err)
	if !ok {
		return x.problem(err)
	}
	if refused.Reason == cases.RefusedRole {
		if _, _, err := x.caseSeen(ctx, n); err != nil {
			return x.problem(err)
		}
	}
	p := newMoveProblem(n, kind, refused.Reason, refused.In(string(l)))
	p.State, p.Rule = string(refused.State), refused.Rule
	p.Fields = mapped(refused.Fields, func(f cases.FieldError) fieldErrorBody {
		return fieldErrorBody{f.Field, l.field(kind, f.Field), f.Want.In(string(l))}
	})
	if hand, ok := m.(cases.HandOver); ok && refused.Rule == cases.RuleSpokenTo {
		p.Fields = append(p.Fields, fieldErrorBody{"mode", l.field(kind, "mode"), x.speakTo(hand, l)})
	}
	return p
}

// speakTo says whom to speak to where a number alone is not enough: by the directory, not
// from memory (scenario E19).
func (x *site) speakTo(m cases.HandOver, l lang) string {
	people := x.People()
	d, _ := people.Department(m.Department)
	whom, extension := titled(d.Title, m.Department), d.Extension
	if p, ok := people.Person(m.Person); ok {
		whom, extension = titled(p.Name, p.User), p.Extension
	}
	if extension == "" {
		return fmt.Sprintf(l.word("speak to"), whom)
	}
	return fmt.Sprintf(l.word("speak to at"), whom, extension)
}

// moveName is what the schema of a move is called, e.g. HandOverMove.
func moveName(m cases.Move) string {
	var name strings.Builder
	for word := range strings.SplitSeq(string(m.Kind()), "_") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String() + "Move"
}
