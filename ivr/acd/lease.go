package acd

import (
	"context"
	"slices"
	"time"
)

// Leases keep the nodes of an installation from having an agent at the same time:
// a node has him as long as it renews his lease. While they cannot be asked a node
// goes on with what it knows itself.
type Leases interface {
	// Claim leases to this node, for a call, those of the users whom no other node
	// has, and returns them.
	Claim(ctx context.Context, call string, users []string) ([]string, error)

	// Renew prolongs the leases this node has, calls by user, ends those it has no
	// longer, and returns whom other nodes have.
	Renew(ctx context.Context, has, no map[string]string) (elsewhere map[string]string, err error)
}

const (
	// Lease is how long a node that died keeps its agents.
	Lease = 15 * time.Second

	renewEvery   = 2 * time.Second
	renewTimeout = 2 * time.Second
	claimTimeout = 300 * time.Millisecond // the caller waits for it
	gather       = 100 * time.Millisecond // agents set free together are told together
)

// KeepLeases renews the leases until ctx ends. It runs beside Run.
func (b *Board) KeepLeases(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	var renewed time.Time
	for {
		has, no := b.leased()
		asked := time.Now()
		limited, cancel := context.WithTimeout(ctx, renewTimeout)
		elsewhere, err := b.Leases.Renew(limited, has, no)
		cancel()
		if err == nil {
			renewed = asked
		}
		if err == nil || time.Since(renewed) > Lease { // then whoever had them has them no longer
			b.setElsewhere(elsewhere)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			continue
		case <-b.freed:
		}
		select { // they come together
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(gather):
		}
	}
}

// leased returns who is in a call here, and who is no longer.
func (b *Board) leased() (has, no map[string]string) {
	has, no = map[string]string{}, map[string]string{}
	_ = b.do(func(time.Time) {
		for _, m := range b.roster {
			switch {
			case m.ticket != nil || len(m.calls) > 0:
				m.lease = m.call()
				has[m.User] = m.lease
			case m.lease != "":
				no[m.User], m.lease = m.lease, ""
			}
		}
	})
	return has, no
}

// setElsewhere notes whom other nodes have.
func (b *Board) setElsewhere(calls map[string]string) {
	_ = b.do(func(time.Time) {
		for _, m := range b.roster {
			if call := calls[m.User]; call != m.elsewhere {
				m.elsewhere = call
				b.touch(m)
			}
		}
	})
}

// free wakes KeepLeases for an agent whom other nodes may have again.
func (b *Board) free() {
	select {
	case b.freed <- struct{}{}:
	default: // it is awake
	}
}

// unknownCall is the call of an agent whom another node has just taken.
const unknownCall = "elsewhere"

// confirm asks for the reserved agents of an offer, and has those rung who are
// given; then it closes told.
func (t *Ticket) confirm(o Offer, told chan<- struct{}) {
	users := make([]string, len(o.Agents))
	for i, a := range o.Agents {
		users[i] = a.User
	}
	given, err := t.board.claim(t.caller.Call, users)
	_ = t.board.do(func(time.Time) {
		t.claiming--
		o.Agents = slices.DeleteFunc(o.Agents, func(a Agent) bool {
			m, known := t.board.agents[a.User]
			if known && err == nil && !slices.Contains(given, a.User) {
				t.board.refused(m, t)
				return true
			}
			return !known || m.ticket != t // the round is over
		})
		if t.waiting && len(o.Agents) > 0 {
			t.offers <- o
		}
		if t.waiting && len(t.ringing) == 0 {
			t.ends = time.Time{}
			t.mark()
		}
	})
	close(told)
}

// claim leases users for a call. An error means that it cannot be known.
func (b *Board) claim(call string, users []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), claimTimeout)
	defer cancel()
	given, err := b.Leases.Claim(ctx, call, users)
	if err != nil {
		return nil, err
	}
	_ = b.do(func(time.Time) {
		for _, user := range given {
			if m, ok := b.agents[user]; ok {
				m.lease = call
				b.touch(m)
			}
		}
	})
	return given, nil
}

// refused: another node has m.
func (b *Board) refused(m *member, t *Ticket) {
	b.touch(m)
	m.elsewhere = unknownCall // until KeepLeases knows
	if m.ticket == t {
		t.ringing = out(t.ringing, m)
		m.ticket = nil
	}
	b.log.Info("agent is taken by another node", "call", t.caller.Call, "agent", m.User)
}
