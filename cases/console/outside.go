package console

import (
	"cmp"
	"context"
	"time"
)

type outsideInput struct {
	User  string    `query:"user" maxLength:"128" doc:"Who asked for them; left out: anybody."`
	Until time.Time `query:"until" doc:"Before this time; left out: up to now."`
	Limit int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type outsideBody struct {
	Calls []outsideCallBody `json:"calls" nullable:"false"`
}

type outsideCallBody struct {
	At      time.Time `json:"at"`
	User    string    `json:"user" doc:"Who asked for it."`
	Number  string    `json:"number" example:"+861055550101"`
	Allowed bool      `json:"allowed"`
	Reason  string    `json:"reason" doc:"allowed, or why not; spend also when the day's money ended it." example:"allowed"`
}

func (x *site) listOutside(ctx context.Context, in *outsideInput) (*out[outsideBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	list, err := x.Store.OutsideCalls(ctx, in.User, cmp.Or(in.Until, x.Now()), in.Limit)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	body := outsideBody{Calls: []outsideCallBody{}}
	for _, c := range list {
		body.Calls = append(body.Calls, outsideCallBody{At: c.At.UTC(), User: c.Actor, Number: string(c.Number), Allowed: c.Allowed, Reason: c.Reason})
	}
	return &out[outsideBody]{body}, nil
}
