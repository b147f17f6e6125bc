package console

import (
	"context"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// suspects are how many cases are looked through for signs of offences.
const suspects = 500

type stepBody struct {
	Propose []string `json:"propose" nullable:"false" doc:"One of these, or all: a person decides."`
	Rules   []string `json:"rules" nullable:"false"`
}

type fineBody struct {
	Min   int      `json:"min_yuan"`
	Max   int      `json:"max_yuan"`
	Whom  []string `json:"whom" nullable:"false"`
	Rules []string `json:"rules" nullable:"false"`
}

type tierBody struct {
	Party string   `json:"party" doc:"Who answers for it besides."`
	Kind  string   `json:"kind"`
	Rules []string `json:"rules" nullable:"false"`
}

type proposalBody struct {
	Case        string          `json:"case"`
	At          time.Time       `json:"at" doc:"When it was verified."`
	Against     string          `json:"against"`
	Offence     string          `json:"offence"`
	Finding     string          `json:"finding"`
	Consequence string          `json:"consequence,omitempty" enum:"none,bad,serious"`
	Count       int             `json:"count" doc:"How often the same was verified of the same person, this time included."`
	Steps       []stepBody      `json:"steps" nullable:"false" doc:"From the mildest up."`
	Fines       []fineBody      `json:"fines" nullable:"false"`
	Liable      []tierBody      `json:"liable" nullable:"false"`
	Inquiry     []cases.Inquiry `json:"inquiry" nullable:"false" doc:"Steps of the procedure so far."`
}

type suspicionBody struct {
	Case       string  `json:"case"`
	Offence    string  `json:"offence"`
	Against    string  `json:"against,omitempty" doc:"Left out: nobody in particular of the department."`
	Department string  `json:"department,omitempty" doc:"Left out: the first-asker's own."`
	Sign       string  `json:"sign" doc:"What on record speaks for it."`
	Title      string  `json:"title"`
	Clock      string  `json:"clock,omitempty" doc:"That ran out."`
	Late       float64 `json:"late_seconds,omitempty"`
	Said       string  `json:"said,omitempty" doc:"In the words on record."`
}

type proposalsBody struct {
	Proposed  []proposalBody  `json:"proposed" nullable:"false" doc:"For what somebody has verified. Nothing happens by itself."`
	Suspected []suspicionBody `json:"suspected" nullable:"false" doc:"By what is on record, of the latest 500 cases that show anything: for somebody to verify (the move verify), or not."`
}

type proposalsInput struct {
	Days
	Against  string `query:"against" maxLength:"128" doc:"Of one user only."`
	Language string `header:"Accept-Language" doc:"Of titles: zh or en."`
}

func (x *site) getProposals(ctx context.Context, in *proposalsInput) (*out[proposalsBody], error) {
	w, err := x.window(in.Days)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reportPatience)
	defer cancel()
	v, l := viewerOf(ctx), accepted(in.Language)
	verified, err := x.Store.VerifiedCases(ctx, w, in.Against, v.whom())
	if err := x.problem(err); err != nil {
		return nil, err
	}
	found, err := x.Store.Suspects(ctx, w, x.Now(), v.whom(), suspects)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	b := proposalsBody{Proposed: []proposalBody{}, Suspected: []suspicionBody{}}
	for _, of := range verified {
		b.Proposed = append(b.Proposed, x.proposed(of, l)...)
	}
	for _, s := range found {
		for _, is := range x.Store.Rules.Policy.Sanctions.Suspected(s.Case, s.Again, x.Now()) {
			if in.Against != "" && is.Against != in.Against || v.User != "" && is.Against == v.User {
				continue
			}
			b.Suspected = append(b.Suspected, suspicionBody{
				string(is.Case), is.Offence, is.Against, is.Department, string(is.Sign), is.Sign.Words().In(string(l)),
				string(is.Clock), time.Duration(is.Late).Seconds(), is.Said,
			})
		}
	}
	return &out[proposalsBody]{b}, nil
}

// proposed are what may be done about one verified offence: against one or, where it
// takes two, both.
func (x *site) proposed(of store.VerifiedCase, l lang) (all []proposalBody) {
	p, f := x.Store.Rules.Policy, of.Case.File
	for _, is := range p.Sanctions.Proposals(*f.Verified, f.Returned, of.Count) {
		b := proposalBody{
			Case: string(of.Case.Number), At: of.At.UTC(), Against: is.Against, Offence: is.Offence, Finding: f.Verified.Finding,
			Consequence: string(f.Verified.Consequence), Count: of.Count, Inquiry: append([]cases.Inquiry{}, f.Inquiry...),
			Steps: mapped(is.Steps, func(s cases.SanctionStep) stepBody { return stepBody{texts(s.Propose), texts(s.Rules)} }),
			Fines: mapped(is.Fines, func(m cases.Fine) fineBody { return fineBody{m.Min, m.Max, texts(m.Whom), texts(m.Rules)} }),
			Liable: mapped(p.Liability.Tiers, func(t cases.Tier) tierBody {
				return tierBody{string(t.Party), t.Kind.In(string(l)), texts(t.Rules)}
			}),
		}
		all = append(all, b)
	}
	return all
}

func texts[T ~string](all []T) []string { return mapped(all, func(v T) string { return string(v) }) }

type holdingBody struct {
	User       string     `json:"user,omitempty" doc:"Left out: nobody in particular of the department."`
	Department string     `json:"department,omitempty"`
	From       time.Time  `json:"from"`
	Until      *time.Time `json:"until,omitempty" doc:"Left out: he has it now."`
	How        string     `json:"how" doc:"Kind of the event by which he came to have it."`
	By         string     `json:"by,omitempty"`
	Said       string     `json:"said,omitempty"`
	Breached   []string   `json:"breached" nullable:"false" doc:"Clocks that ran out while he had it."`
}

type upBody struct {
	At     time.Time `json:"at"`
	To     string    `json:"to"`
	Person string    `json:"person"`
	By     string    `json:"by"`
	Why    string    `json:"why"`
}

type traceBody struct {
	Chain []holdingBody `json:"chain" nullable:"false" doc:"Who had the case when, first to last."`
	Up    []upBody      `json:"up" nullable:"false" doc:"Whom they asked upward, level by level."`
}

// getTrace walks the chain of responsibility of a case, for those who oversee (S26-R3).
func (x *site) getTrace(ctx context.Context, in *struct {
	Numbered
}) (*out[traceBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	c, ledger, err := x.caseSeen(ctx, in.Number)
	var chain []cases.Holding
	var up []cases.StepUp
	if err == nil {
		chain, up, err = cases.Trace(ledger)
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	b := traceBody{Up: mapped(up, func(s cases.StepUp) upBody { return upBody{s.At.UTC(), string(s.To), s.Person, s.By, s.Why} })}
	b.Chain = mapped(chain, func(h cases.Holding) holdingBody {
		return holdingBody{h.User, h.Department, h.From.UTC(), timeOf(h.Until), string(h.How), h.By, h.Said, []string{}}
	})
	for _, k := range c.Clocks {
		if k.Late(x.Now()) <= 0 {
			continue
		}
		for i, h := range chain {
			if !h.From.After(k.Due) && (h.Until.IsZero() || h.Until.After(k.Due)) {
				b.Chain[i].Breached = append(b.Chain[i].Breached, string(k.Kind))
			}
		}
	}
	return &out[traceBody]{b}, nil
}
