package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// Transfers is how the console passes callers on, for the agents who talk with
// them. Errors of which whoever asked is to know are a *Refusal. Safe from any
// goroutine.
type Transfers interface {
	// Transfer begins one; it returns when the target's phone rings.
	Transfer(call string, t Transfer) error
	// Steer goes on with the one under way, for user by.
	Steer(call, by string, step TransferStep) error
}

// Transfer is a wish to pass a caller on. At most one of the targets is set; with
// none it is the department of the case's category.
type Transfer struct {
	By        string             `json:"by" minLength:"1" maxLength:"128" doc:"User who talks with the caller."`
	Kind      cases.TransferKind `json:"kind" enum:"warm,blind" doc:"Speak with the target first, or leave the caller to whoever picks up."`
	Extension string             `json:"extension,omitempty" maxLength:"32" pattern:"^[0-9]+$" doc:"Of a person, a department or a hotline."`
	Category  string             `json:"category,omitempty" maxLength:"128" doc:"Its department."`
	Queue     string             `json:"queue,omitempty" maxLength:"128" doc:"Its agents."`
}

// Resolve refuses more than one target.
func (t *Transfer) Resolve(huma.Context) []error {
	n := 0
	for _, target := range []string{t.Extension, t.Category, t.Queue} {
		if target != "" {
			n++
		}
	}
	if n > 1 {
		return []error{&huma.ErrorDetail{Location: "body", Message: "expected one of extension, category and queue"}}
	}
	return nil
}

// TransferStep is what can be done with a transfer under way.
type TransferStep string

// The steps of a transfer.
const (
	StepToggle     TransferStep = "toggle"     // speak with the other of caller and target
	StepComplete   TransferStep = "complete"   // leave the two to each other
	StepCancel     TransferStep = "cancel"     // take the caller back
	StepConference TransferStep = "conference" // speak with both
)

// transferSteps are the steps with what the document says of each.
var transferSteps = map[TransferStep]string{
	StepToggle: "Speak with the other of caller and target", StepComplete: "Leave caller and target to each other",
	StepCancel: "Take the caller back", StepConference: "Speak with caller and target",
}

type transferInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the call."`
	Body Transfer
}

func (x *site) transfer(ctx context.Context, in *transferInput) (*struct{}, error) {
	return nil, x.refusal(ctx, x.Transfers.Transfer(in.ID, in.Body))
}

type steerInput struct {
	ID   string `path:"id" format:"uuid" doc:"Of the call."`
	Body struct {
		By string `json:"by" minLength:"1" maxLength:"128" doc:"User who began the transfer."`
	}
}

func (x *site) steer(step TransferStep) func(context.Context, *steerInput) (*struct{}, error) {
	return func(ctx context.Context, in *steerInput) (*struct{}, error) {
		return nil, x.refusal(ctx, x.Transfers.Steer(in.ID, in.Body.By, step))
	}
}
