package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// viewer is who asks. The zero viewer has the API token and speaks for nobody: he
// sees everything and moves nothing.
type viewer struct{ cases.Actor }

// sees tells whether c is shown to v.
func (v viewer) sees(c cases.Case) bool { return v.User == "" || c.Visible(v.Actor) }

// hears tells whether v is told of a live call.
func (v viewer) hears(c Call) bool {
	return !c.Confidential || v.User == "" || v.SeesUnnamed() || v.User == c.Agent || v.User == c.Target
}

// seen returns those of list that v sees.
func (v viewer) seen(list []cases.Case) []cases.Case {
	var shown []cases.Case
	for _, c := range list {
		if v.sees(c) {
			shown = append(shown, c)
		}
	}
	return shown
}

// whom returns whose sight a list is for; nil: nobody's, it shows everything.
func (v viewer) whom() *cases.Actor {
	if v.User == "" {
		return nil
	}
	return &v.Actor
}

// hasAny tells whether v may do what is for roles; none: for everybody.
func (v viewer) hasAny(roles []cases.Role) bool {
	return v.User == "" || len(roles) == 0 || slices.ContainsFunc(roles, v.Has)
}

// or returns the user of v, or what he uses who speaks for nobody.
func (v viewer) or(token string) string { return cmp.Or(v.User, token) }

type viewerKey struct{}

func viewerOf(ctx context.Context) viewer {
	v, _ := ctx.Value(viewerKey{}).(viewer)
	return v
}

func (v viewer) with(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), viewerKey{}, v))
}

// byHeader names whom a program with the API token speaks for.
const byHeader = "By"

// speaksFor lets requests with the token pass as those of the user they name. Who is
// signed in speaks for himself.
func (x *site) speaksFor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, self := r.Header.Get(byHeader), viewerOf(r.Context()).User
		actor, known := x.People().Actor(user)
		switch {
		case user == "" || user == self:
			next.ServeHTTP(w, r)
		case self != "":
			writeProblem(w, huma.NewError(http.StatusForbidden, "who is signed in speaks for himself: leave out "+byHeader))
		case !known:
			writeProblem(w, huma.NewError(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{
				Location: "header." + byHeader, Message: "expected a user of the directory",
			}))
		default:
			next.ServeHTTP(w, viewer{actor}.with(r))
		}
	})
}

// describeHeaders adds to every operation of the document what all requests may say.
func describeHeaders(api huma.API) {
	for _, item := range api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Accept-Language" }) {
				op.Parameters = append(op.Parameters, &huma.Param{
					Name: "Accept-Language", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
					Description: "Of what is told: en, or zh. Left out: en.",
				})
			}
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: byHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
				Description: "User for whom a program with the API token asks: it may do what he may, and what he may not see is not there. Left out: for nobody; then everything is shown.",
			})
		}
	}
}

// caseSeen returns a case and its ledger, store.ErrNotFound if who asks may not see it.
func (x *site) caseSeen(ctx context.Context, n cases.CaseNumber) (cases.Case, []cases.Event, error) {
	c, ledger, err := x.Store.Case(ctx, n)
	if err == nil && !viewerOf(ctx).sees(c) {
		err = store.ErrNotFound
	}
	if err != nil {
		return cases.Case{}, nil, err
	}
	return c, ledger, nil
}

// hidden returns the API's answer to who asks for a user who may not see a case, nil
// if he may.
func (x *site) hidden(ctx context.Context, n cases.CaseNumber) error {
	if viewerOf(ctx).User == "" { // nothing is, and the database may be away
		return nil
	}
	_, _, err := x.caseSeen(ctx, n)
	return x.problem(err)
}
