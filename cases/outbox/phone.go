package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"shouwen/cases"
)

// Phone shows texts on people's phones. Whether a phone shows any is its own affair:
// a text that left counts as told.
type Phone struct {
	Tell  func(user, text string) // returns at once
	Words Words
}

// Send is the phone's Effect.
func (p Phone) Send(_ context.Context, o cases.Outgoing) error {
	n, err := stageNotice(o)
	if err != nil {
		return err
	}
	p.Tell(n.User, p.Words.Line(*n.Stage))
	return nil
}

// stageNotice reads the notice of a stage.
func stageNotice(o cases.Outgoing) (n cases.Notice, err error) {
	if err := json.Unmarshal(o.Payload, &n); err != nil || n.Stage == nil {
		return n, fmt.Errorf("%w: %s is no notice of a stage", ErrPermanent, o.Key)
	}
	return n, nil
}
