package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// Callbacks is how the console has callers called back. Errors of which whoever
// asked is to know are a *Refusal. Safe from any goroutine.
type Callbacks interface {
	// CallBack rings the phones of an agent and, when he picks up, the caller of a
	// case. It returns when the agent's phone rings.
	CallBack(ctx context.Context, n cases.CaseNumber, agent string) error
	// Mark says who answered the last callback of a case, when it is over.
	Mark(ctx context.Context, n cases.CaseNumber, by string, as cases.CallbackResult) error
}

type callbacksInput struct {
	View  string `query:"view" enum:"due,overdue,mine,supervisor" doc:"Left out: all that are owed."`
	User  string `query:"user" maxLength:"128" doc:"First-asker or handler, of view mine."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type callbacksBody struct {
	Cases []caseBody `json:"cases" nullable:"false"`
}

func (x *site) listCallbacks(ctx context.Context, in *callbacksInput) (*out[callbacksBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	list, err := x.Store.Callbacks(ctx, store.CallbackFilter{View: store.CallbackView(in.View), User: in.User, For: viewerOf(ctx).whom(), Limit: in.Limit})
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[callbacksBody]{callbacksBody{Cases: mapped(list, caseOf)}}, nil
}

type callBackInput struct {
	Numbered
	Body struct {
		Agent string `json:"agent" minLength:"1" maxLength:"128" doc:"User whose phone rings first."`
	}
}

func (x *site) callBack(ctx context.Context, in *callBackInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	if err := x.hidden(ctx, in.Number); err != nil {
		return nil, err
	}
	if user := viewerOf(ctx).User; user != "" && user != in.Body.Agent {
		return nil, huma.Error403Forbidden("only your own phone rings first")
	}
	return nil, x.refusal(ctx, x.Callers.CallBack(ctx, in.Number, in.Body.Agent))
}

type callbackResultInput struct {
	Numbered
	Body struct {
		By     string               `json:"by" minLength:"1" maxLength:"128" doc:"User of the agent who called."`
		Result cases.CallbackResult `json:"result" enum:"wrong_number,voicemail" doc:"Somebody else answered; a machine did. The callback is owed again."`
	}
}

func (x *site) markCallback(ctx context.Context, in *callbackResultInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	return nil, x.refusal(ctx, x.Callers.Mark(ctx, in.Number, in.Body.By, in.Body.Result))
}
