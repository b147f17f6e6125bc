package call

import (
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
	Extension string
	Reason    cases.TransferFailure
}

func (e *TargetError) Error() string { return fmt.Sprintf("extension %s: %s", e.Extension, e.Reason) }

// Transfer passes the caller of a call on to extension, for the agent by who
// talks with him. It returns when the phone rings; the error is a *TargetError,
// ErrNoCall, ErrNotAgent or ErrNotNow.
func (s *Switch) Transfer(call, by, extension string, kind cases.TransferKind) error {
	f := WarmTransfer
	if kind == cases.TransferBlind {
		f = BlindTransfer
	}
	return s.command(call, by, f, extension)
}

// Toggle lets agent by speak with the other of caller and target. Errors as of
// Transfer, here and below.
func (s *Switch) Toggle(call, by string) error { return s.command(call, by, ToggleTransfer, "") }

// Complete leaves caller and target to each other; before the target has picked
// up, too.
func (s *Switch) Complete(call, by string) error { return s.command(call, by, CompleteTransfer, "") }

// Cancel gives the caller back to agent by.
func (s *Switch) Cancel(call, by string) error { return s.command(call, by, CancelTransfer, "") }

// Conference lets caller, agent and target hear each other.
func (s *Switch) Conference(call, by string) error { return s.command(call, by, Conference, "") }

// command has the call's owner do what agent by asks for.
func (s *Switch) command(call, by string, f Feature, extension string) error {
	return s.ask(call, event{kind: evCommand, user: by, feature: f, extension: extension})
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
	e.reply <- c.feature(e.feature, e.extension, cases.ByAPI)
}
