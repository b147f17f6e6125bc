package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"shouwen/cases"
)

// Ledgers tell what has happened to a case.
type Ledgers interface {
	Case(ctx context.Context, n cases.CaseNumber) (cases.Case, []cases.Event, error)
}

// Summon returns the effect of summons: somebody is rung, the next one with each attempt,
// unless somebody has taken it by now. Ring returns nil if who was rung has.
func Summon(l Ledgers, ring func(ctx context.Context, m cases.Summons, attempt int) error) Effect {
	return func(ctx context.Context, o cases.Outgoing) error {
		var m cases.Summons
		if err := json.Unmarshal(o.Payload, &m); err != nil {
			return fmt.Errorf("%w: %s is no summons", ErrPermanent, o.Key)
		}
		c, events, err := l.Case(ctx, m.Case)
		if err != nil || m.Taken(c, events) {
			return err
		}
		return ring(ctx, m, o.Attempts)
	}
}
