package sip

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// endpoint is a gateway at one of its addresses. The fields are guarded by the
// gateway's mu; only remote never changes.
type endpoint struct {
	*gateway
	place
	health health
	closed time.Time // takes no calls until then (Retry-After)
}

// inTurn returns the endpoints in the order in which a call tries them: those of a
// lower priority first, and of one priority by chance, as often as their weights
// say (RFC 2782); without weights as they are. pick returns a number below n.
func inTurn(all []*endpoint, pick func(n int) int) []*endpoint {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *endpoint) int { return cmp.Compare(a.priority, b.priority) })
	for rest := all; len(rest) > 1; rest = rest[1:] {
		n, sum := 0, 0
		for n < len(rest) && rest[n].priority == rest[0].priority {
			sum += int(rest[n].weight)
			n++
		}
		if sum == 0 {
			continue
		}
		// Who has no weight has a small chance, because the number may be 0.
		slices.SortStableFunc(rest[:n], func(a, b *endpoint) int { return cmp.Compare(min(a.weight, 1), min(b.weight, 1)) })
		number, i := pick(sum+1), 0
		for sum = int(rest[0].weight); sum < number; sum += int(rest[i].weight) {
			i++
		}
		chosen := rest[i]
		copy(rest[1:], rest[:i])
		rest[0] = chosen
	}
	return all
}

// inTurn are the endpoints of g as the next call tries them.
func (g *gateway) inTurn() []*endpoint {
	g.mu.Lock()
	defer g.mu.Unlock()
	return inTurn(g.endpoints, rand.IntN)
}

// flow is the way there.
func (e *endpoint) flow() flow {
	network := e.trunk.Outbound.Transport
	return flow{network, e.ua.transport.addr(network), e.remote}
}

// usable says whether a call should be sent there; known, whether it could.
func (e *endpoint) usable(now time.Time) (usable, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.whyDown(now) == "", !now.Before(e.closed)
}

// whyDown is empty when calls are taken. Caller holds mu.
func (e *endpoint) whyDown(now time.Time) string {
	switch {
	case now.Before(e.closed):
		return "asked to be left alone"
	case e.trunk.Outbound.Register && !e.registered:
		return e.refused
	case e.health.down:
		return e.health.reason
	}
	return ""
}

// heard notes that the server answered, or failed to and why.
func (e *endpoint) heard(failure string) {
	e.mu.Lock()
	changed, down := e.health.heard(failure, time.Now()), e.health.down
	e.mu.Unlock()
	switch {
	case changed && down:
		e.log.Error("trunk is down", "address", e.remote, "reason", failure)
	case changed:
		e.log.Info("trunk is up", "address", e.remote)
	}
}

// failed notes that a call was not taken, and has the server asked again.
func (e *endpoint) failed(why string) {
	e.heard(why)
	select {
	case e.suspect <- struct{}{}:
	default:
	}
}

// leaveAlone keeps calls away for as long as res, a 503, asks (RFC 3261 21.5.4).
func (e *endpoint) leaveAlone(res *msg.Response, now time.Time) {
	value, _, _ := strings.Cut(firstHdr(res, "Retry-After", ""), "(")
	value, _, _ = strings.Cut(value, ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	if err != nil || seconds == 0 {
		return
	}
	d := min(time.Duration(seconds)*time.Second, longestRetry)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = now.Add(e.ua.cfg.clock(d))
	e.log.Warn("trunk asked to be left alone", "address", e.remote, "for", d)
}
