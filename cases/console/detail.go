package console

import (
	"context"
	"slices"
	"time"

	"shouwen/cases"
)

type caseInput struct {
	Numbered
	Language string `header:"Accept-Language" doc:"Of explanations: zh or en."`
}

type clockBody struct {
	Kind        string     `json:"kind" example:"reply_caller"`
	Title       string     `json:"title"`
	State       string     `json:"state" enum:"running,paused,stopped,cancelled"`
	From        time.Time  `json:"from"`
	Due         *time.Time `json:"due,omitempty" doc:"Last instant in time; left out: paused, or only measured."`
	Stopped     *time.Time `json:"stopped,omitempty"`
	Late        float64    `json:"late_seconds" doc:"Over its due time by now, or when it stopped; 0: in time."`
	Policy      string     `json:"policy,omitempty" doc:"It started under, with its version; left out: the callback's clock."`
	Rules       []string   `json:"rules,omitempty" nullable:"false" doc:"Of the catalogue."`
	Explanation string     `json:"explanation" doc:"When it is due, and because of what."`
}

// The states of a clock as the API has them.
const (
	clockRunning   = "running"
	clockPaused    = "paused"
	clockStopped   = "stopped"
	clockCancelled = "cancelled"
)

func clockState(k cases.Clock) string {
	switch {
	case k.Cancelled:
		return clockCancelled
	case !k.Running():
		return clockStopped
	case k.Paused():
		return clockPaused
	}
	return clockRunning
}

func (x *site) clockOf(k cases.Clock, l lang) clockBody {
	b := clockBody{
		Kind: string(k.Kind), Title: k.Kind.Words().In(string(l)), State: clockState(k), From: k.From.UTC(), Due: timeOf(k.Due), Stopped: timeOf(k.Stopped),
		Late: k.Late(x.Now()).Seconds(), Rules: k.On.Rules, Explanation: k.Explain(string(l), x.Store.Rules.Calendar),
	}
	if k.Of.ID != "" {
		b.Policy = k.Of.ID + " " + k.Of.Version
	}
	return b
}

// requiredBody is a field the policy demands before a step.
type requiredBody struct {
	Before  string `json:"before" doc:"The move." example:"hand_over"`
	Field   string `json:"field" example:"caller_name"`
	Title   string `json:"title"`
	Missing bool   `json:"missing" doc:"Not on record yet."`
}

// requirements are what p demands before the moves a may make in c.
func requirements(c cases.Case, moves []cases.MoveKind, p cases.Policy, l lang) []requiredBody {
	all := []requiredBody{}
	facts, register := c.Facts(p), c.Register()
	for _, kind := range moves {
		for _, f := range p.Required(cases.Step(kind), facts) {
			all = append(all, requiredBody{string(kind), string(f), f.Words().In(string(l)), register[f] == ""})
		}
	}
	return all
}

// detail is c as whoever asks sees it, in words of l.
func (x *site) detail(ctx context.Context, c cases.Case, ledger []cases.Event, l lang) caseBody {
	moves := c.Moves(viewerOf(ctx).Actor, x.Store.Rules.Policy)
	slices.Sort(moves)
	chain := chainOf(c, ledger)
	b := caseOf(c)
	b.File, b.Required = &c.File, requirements(c, moves, x.Store.Rules.Policy, l)
	b.Clocks = mapped(c.Clocks, func(k cases.Clock) clockBody { return x.clockOf(k, l) })
	b.Moves = mapped(moves, func(k cases.MoveKind) string { return string(k) })
	b.Events, b.Chain = eventsOf(c, ledger), &chain
	return b
}

func (x *site) getCase(ctx context.Context, in *caseInput) (*out[caseBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	c, ledger, err := x.caseSeen(ctx, in.Number)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[caseBody]{x.detail(ctx, c, ledger, accepted(in.Language))}, nil
}
