package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

type figuresBody struct {
	Group     string `json:"group" doc:"other: groups too small to be named."`
	Title     string `json:"title,omitempty"`
	Cases     int    `json:"cases"`
	InTime    *int   `json:"in_time_percent,omitempty" doc:"Left out like the next: of too few."`
	Satisfied *int   `json:"satisfied_percent,omitempty"`
}

type opinionsBody struct {
	Channel  string `json:"channel"`
	Received int    `json:"received"`
	Adopted  int    `json:"adopted"`
}

type publicationBody struct {
	K           int            `json:"k" doc:"Nothing is said of fewer."`
	Period      string         `json:"period" doc:"How often the profile has results be published."`
	What        []string       `json:"what" nullable:"false" doc:"What else the profile has be published."`
	Departments []figuresBody  `json:"departments" nullable:"false"`
	Categories  []figuresBody  `json:"categories" nullable:"false"`
	Opinions    []opinionsBody `json:"opinions" nullable:"false" doc:"Opinions and suggestions, by the channel they came by; those of too few together."`
}

// The least that is called a group: as few as may be asked for, as many, and if nobody
// says; publicationInput has them, too.
const smallestGroup, largestGroup, usualGroup = 3, 1000, 5

type publicationInput struct {
	Days
	K int `query:"k" minimum:"3" maximum:"1000" default:"5" doc:"Groups of fewer cases are taken together, and what fewer callers said is left out."`
}

// getPublication has what may be hung out: no names, no numbers of callers, nothing of
// so few that somebody could be recognised.
func (x *site) getPublication(ctx context.Context, in *publicationInput) (*out[publicationBody], error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	p, err := x.Store.Published(ctx, w, x.Now())
	if err := x.problem(err); err != nil {
		return nil, err
	}
	people, title := x.People(), x.reader(english).Title
	category := func(name string) string {
		for _, c := range people.Categories {
			if c.Name == name {
				return c.Title
			}
		}
		return ""
	}
	policy := x.Store.Rules.Policy.Publish
	return &out[publicationBody]{publicationBody{
		K: in.K, Period: string(policy.Period), What: append([]string{}, policy.What...),
		Departments: figuresOf(p.Departments, in.K, title), Categories: figuresOf(named(p.Categories), in.K, category), Opinions: opinionsOf(p.Opinions, in.K),
	}}, nil
}

// named has what has no category among the others.
func named(groups []cases.Figures) []cases.Figures {
	return mapped(groups, func(g cases.Figures) cases.Figures {
		if g.Group == "" {
			g.Group = cases.OtherGroups
		}
		return g
	})
}

func figuresOf(groups []cases.Figures, k int, title func(string) string) []figuresBody {
	return mapped(cases.Anonymous(groups, k), func(g cases.Figures) figuresBody {
		b := figuresBody{Group: g.Group, Cases: g.Cases, InTime: whole(g.Clocks.InTime(), k), Satisfied: whole(cases.Rate{Part: g.Satisfied, Of: g.Answers}, k)}
		if t := title(g.Group); t != g.Group {
			b.Title = t
		}
		return b
	})
}

func whole(r cases.Rate, k int) *int {
	p, ok := r.Publishable(k)
	if !ok {
		return nil
	}
	return &p
}

// opinionsOf takes channels of few together; what is too few even so is left out.
func opinionsOf(all []store.Opinions, k int) []opinionsBody {
	shown, rest := []opinionsBody{}, opinionsBody{Channel: cases.OtherGroups}
	for _, o := range all {
		if o.Received < k {
			rest.Received, rest.Adopted = rest.Received+o.Received, rest.Adopted+o.Adopted
			continue
		}
		shown = append(shown, opinionsBody(o))
	}
	if rest.Received >= k {
		shown = append(shown, rest)
	}
	return shown
}

// registerPublication has what may be made public.
func (x *site) registerPublication(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("get_publication", "/api/v1/reports/publication", "Results of some days that may be published: nobody is recognised in them", 422, 503), x.getPublication)
}
