package main

import (
	"shouwen/cases/console"
	"shouwen/ivr/call"
)

// transfers is how the console passes callers on.
type transfers struct{ calls *call.Switch }

// Transfer implements console.Transfers.
func (t transfers) Transfer(id string, w console.Transfer) error {
	to := call.Target{Extension: w.Extension, Category: w.Category, Queue: w.Queue}
	return refused(t.calls.Transfer(id, w.By, to, w.Kind))
}

// Steer implements console.Transfers.
func (t transfers) Steer(id, by string, step console.TransferStep) error {
	steps := map[console.TransferStep]func(call, by string) error{
		console.StepToggle: t.calls.Toggle, console.StepComplete: t.calls.Complete,
		console.StepCancel: t.calls.Cancel, console.StepConference: t.calls.Conference,
	}
	return refused(steps[step](id, by))
}
