package call

import (
	"cmp"
	"errors"
	"fmt"

	"shouwen/cases"
)

// What Transfer, Toggle, Complete and Cancel return, besides a *TargetError.
var (
	ErrNoCall   = errors.New("no such call")
	ErrNotAgent = errors.New("the caller is another agent's")
	ErrNotNow   = errors.New("not possible at this point of the call")
)

// TargetError says why a target could not be rung. The caller is where he was.
type TargetError struct {
	Target string // as asked for
	Reason cases.TransferFailure
}

func (e *TargetError) Error() string { return fmt.Sprintf("target %s: %s", e.Target, e.Reason) }

// Target is whom a caller is to be passed on to. One field is set; none asks for
// the department of the case's category.
type Target struct {
	Extension string // of a person or a department, or the number of a hotline
	Category  string // its department
	Queue     string // its agents
}

func (t Target) String() string { return cmp.Or(t.Extension, t.Queue, t.Category) }

// Transfer passes the caller of a call on to a target, for the agent by who talks
// with him. It returns when the phone rings, or a queue has the caller; the error
// is a *TargetError, ErrNoCall, ErrNotAgent or ErrNotNow.
func (s *Switch) Transfer(call, by string, to Target, kind cases.TransferKind) error {
	f := WarmTransfer
	if kind == cases.TransferBlind {
		f = BlindTransfer
	}
	return s.command(call, by, f, to)
}

// Toggle lets agent by speak with the other of caller and target. Errors as of
// Transfer, here and below.
func (s *Switch) Toggle(call, by string) error { return s.command(call, by, ToggleTransfer, Target{}) }

// Complete leaves caller and target to each other; before the target has picked
// up, too.
func (s *Switch) Complete(call, by string) error {
	return s.command(call, by, CompleteTransfer, Target{})
}

// Cancel gives the caller back to agent by.
func (s *Switch) Cancel(call, by string) error { return s.command(call, by, CancelTransfer, Target{}) }

// Conference lets caller, agent and target hear each other.
func (s *Switch) Conference(call, by string) error { return s.command(call, by, Conference, Target{}) }

// command has the call's owner do what agent by asks for.
func (s *Switch) command(call, by string, f Feature, to Target) error {
	return s.ask(call, event{kind: evCommand, user: by, feature: f, target: to})
}

// ask has the call's owner do what e says.
func (s *Switch) ask(call string, e event) error {
	s.mu.Lock()
	c := s.calls[call]
	s.mu.Unlock()
	if c == nil {
		return ErrNoCall
	}
	e.reply = make(chan error, 1)
	c.post(e)
	select {
	case err := <-e.reply:
		return err
	case <-c.done:
		return ErrNoCall
	}
}

// command does what an agent asks for at the console.
func (c *Conversation) command(e event) {
	if c.agent == nil || c.agent.User != e.user {
		e.reply <- ErrNotAgent
		return
	}
	e.reply <- c.feature(e.feature, e.target, cases.ByAPI)
}
