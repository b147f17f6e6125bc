package sip

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"github.com/google/uuid"
)

const (
	probeSoon      = 5 * time.Second // between OPTIONS to a server in doubt
	resolveAgain   = 5 * time.Minute // names of servers are looked up so often
	resolveTimeout = 3 * time.Second
	longestRetry   = 10 * time.Minute // what a Retry-After may ask for
)

// gateway is one server of a trunk. Its goroutine in run keeps it looked up,
// watched and, if the trunk wants that, registered at; the methods are safe from
// any goroutine.
type gateway struct {
	ua      *UA
	trunk   *Trunk
	server  string // host:port, or a host alone
	log     *slog.Logger
	suspect chan struct{} // a call has failed there
	leaving chan struct{} // closed when no new calls are wanted

	mu         sync.Mutex
	endpoints  []*endpoint // none: its name is not resolved
	registered bool
	refused    string    // why it is not registered
	since      time.Time // when that changed

	enrolment enrolment // owned by run
}

func newGateway(u *UA, t *Trunk, server string) *gateway {
	g := &gateway{
		ua: u, trunk: t, server: server, log: u.deps.Log.With("trunk", t.Name, "server", server),
		suspect: make(chan struct{}, 1), leaving: make(chan struct{}), refused: "not registered yet",
		since: time.Now(),
	}
	if a, err := netip.ParseAddrPort(server); err == nil { // known before anything runs
		g.moved([]place{{remote: unmapped(a)}})
	}
	return g
}

// run serves until ctx ends.
func (g *gateway) run(ctx context.Context) error {
	o := g.trunk.Outbound
	select {
	case <-g.ua.Ready():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	g.resolve(ctx)
	look, probe, register := time.NewTimer(g.ua.cfg.clock(g.lookAfter())), time.NewTimer(0), time.NewTimer(0)
	defer look.Stop()
	defer probe.Stop()
	defer register.Stop()
	if o.Probe == 0 {
		probe.Stop()
	}
	if !o.Register {
		register.Stop()
	}
	for leaving := g.leaving; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			g.resolve(ctx)
			look.Reset(g.ua.cfg.clock(g.lookAfter()))
		case <-probe.C:
			g.probe(ctx)
			probe.Reset(g.ua.cfg.clock(g.probeAfter()))
		case <-g.suspect:
			if o.Probe > 0 {
				g.probe(ctx)
				probe.Reset(g.ua.cfg.clock(g.probeAfter()))
			}
		case <-leaving:
			leaving = nil
			register.Stop()
			g.leave(ctx)
		case <-register.C:
			register.Reset(g.ua.cfg.clock(g.enroll(ctx)))
		}
	}
}

// lookAfter is when to look the name up again: DNS does not say how long it holds. If
// nobody is there any more it may say something new.
func (g *gateway) lookAfter() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.ContainsFunc(g.endpoints, func(e *endpoint) bool { return !e.health.down }) {
		return resolveAgain
	}
	return probeSoon
}

func (g *gateway) probeAfter() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.ContainsFunc(g.endpoints, func(e *endpoint) bool { return e.health.doubtful() }) {
		return min(probeSoon, g.trunk.Outbound.Probe)
	}
	return g.trunk.Outbound.Probe
}

// resolve looks the server's name up. What DNS does not say stays as it was.
func (g *gateway) resolve(ctx context.Context) {
	if _, err := netip.ParseAddrPort(g.server); err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	r := resolver{Resolver: cmp.Or(g.ua.deps.Resolver, net.DefaultResolver), network: g.trunk.Outbound.Transport, family: "ip4"}
	if g.ua.transport.addr(r.network).Addr().Is6() {
		r.family = "ip6"
	}
	places, err := r.lookUp(ctx, g.server)
	if err != nil || len(places) == 0 {
		g.log.Warn("name of the trunk's server not resolved", "err", err)
		return
	}
	g.moved(places)
}

// moved makes places those of the server. Of several that are as good, those known
// before stay the preferred ones.
func (g *gateway) moved(places []place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.endpoints
	g.endpoints = nil
	for _, e := range before {
		i := slices.IndexFunc(places, func(p place) bool { return p.remote == e.remote })
		if i < 0 {
			g.log.Info("trunk has left an address", "address", e.remote)
			g.ua.transport.forget(e.remote)
			continue
		}
		e.priority, e.weight = places[i].priority, places[i].weight
		g.endpoints = append(g.endpoints, e)
	}
	for _, p := range places {
		if !slices.ContainsFunc(g.endpoints, func(e *endpoint) bool { return e.remote == p.remote }) {
			g.endpoints = append(g.endpoints, &endpoint{gateway: g, place: p, health: health{since: time.Now()}})
			g.ua.transport.allow(p.remote)
			g.log.Info("trunk is at an address", "address", p.remote, "priority", p.priority, "weight", p.weight)
		}
	}
}

// at returns the endpoint with an address, any port if it is 0; nil: there is none.
func (g *gateway) at(remote netip.AddrPort) *endpoint {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.endpoints {
		if e.remote == remote || remote.Port() == 0 && e.remote.Addr() == remote.Addr() {
			return e
		}
	}
	return nil
}

func (g *gateway) isRegistered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.registered
}

// state is that of the first endpoint that takes calls, or of the preferred one.
func (g *gateway) state() TrunkState {
	all := g.inTurn()
	g.mu.Lock()
	defer g.mu.Unlock()
	s := TrunkState{Trunk: g.trunk.Name, Server: g.server, Reason: "name not resolved", Since: g.since}
	for i, e := range all {
		why := e.whyDown(time.Now())
		if i == 0 || why == "" {
			s.Reason = why
			if e.health.since.After(g.since) {
				s.Since = e.health.since
			}
		}
		if why == "" {
			s.Up = true
			break
		}
	}
	return s
}

// probe asks every endpoint by OPTIONS whether it is there.
func (g *gateway) probe(ctx context.Context) {
	var all sync.WaitGroup
	for _, e := range g.inTurn() {
		all.Go(func() { e.probe(ctx) })
	}
	all.Wait()
}

// probe asks by OPTIONS whether the server is there: whatever it answers, it is,
// but for those that say that it can do nothing.
func (e *endpoint) probe(ctx context.Context) {
	res, err := e.exchange(ctx, e.request(msg.OPTIONS, uuid.NewString(), 1), 8*e.ua.cfg.T1)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		e.heard("no answer to OPTIONS")
	case res.StatusCode == 408 || res.StatusCode == 503:
		e.heard(fmt.Sprintf("OPTIONS answered with %d", res.StatusCode))
	default:
		e.heard("")
	}
}

// request is a request to the server outside of dialogs, about our account there.
func (g *gateway) request(method msg.RequestMethod, callID string, seq uint32) *msg.Request {
	o := g.trunk.Outbound
	account := msg.Uri{Scheme: "sip", User: o.User, Host: o.Domain}
	d := dialog{
		id: dialogID{callID: callID, localTag: uuid.NewString()}, local: account, remote: account,
		target: msg.Uri{Scheme: "sip", Host: o.Domain}, localSeq: seq - 1,
	}
	if method != msg.REGISTER {
		d.remote.User = ""
	}
	return d.request(method, 0)
}

// exchange sends req and returns its final response, if one comes within limit.
func (e *endpoint) exchange(ctx context.Context, req *msg.Request, limit time.Duration) (*msg.Response, error) {
	f := e.flow()
	e.ua.prepare(req, f, "")
	return e.ua.exchange(ctx, req, f, limit)
}
