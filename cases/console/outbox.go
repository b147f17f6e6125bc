package console

import (
	"context"
	"encoding/json"
	"time"

	"shouwen/cases"
)

type deadInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type deadBody struct {
	Letters []deadLetterBody `json:"letters" nullable:"false"`
}

type deadLetterBody struct {
	ID       int64           `json:"id"`
	Key      string          `json:"key" doc:"By which receivers tell repeats."`
	Kind     string          `json:"kind" example:"webhook:crm"`
	Payload  json.RawMessage `json:"payload" doc:"What was to be told."`
	Attempts int             `json:"attempts"`
	Error    string          `json:"error" doc:"Of the last attempt."`
	At       time.Time       `json:"at"`
}

type deadLetterInput struct {
	ID int64 `path:"id" minimum:"1"`
}

func (x *site) listDead(ctx context.Context, in *deadInput) (*out[deadBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	dead, err := x.Store.DeadLetters(ctx, in.Limit)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[deadBody]{deadBody{Letters: mapped(dead, func(d cases.DeadLetter) deadLetterBody {
		return deadLetterBody{d.ID, d.Key, d.Kind, d.Payload, d.Attempts, d.Error, d.At}
	})}}, nil
}

func (x *site) reviveDead(ctx context.Context, in *deadLetterInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	return nil, x.problem(x.Store.Revive(ctx, in.ID))
}
