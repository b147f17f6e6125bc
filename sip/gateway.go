package sip

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
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
	server  string // host:port
	log     *slog.Logger
	suspect chan struct{} // a call has failed there
	leaving chan struct{} // closed when no new calls are wanted

	mu         sync.Mutex
	remote     netip.AddrPort // zero: its name is not resolved
	health     health
	registered bool
	refused    string    // why it is not registered
	closed     time.Time // takes no calls until then (Retry-After)

	enrolment enrolment // owned by run
}

func newGateway(u *UA, t *Trunk, server string) *gateway {
	g := &gateway{
		ua: u, trunk: t, server: server, log: u.deps.Log.With("trunk", t.Name, "server", server),
		suspect: make(chan struct{}, 1), leaving: make(chan struct{}), refused: "not registered yet",
	}
	g.health.since = time.Now()
	if a, err := netip.ParseAddrPort(server); err == nil { // known before anything runs
		g.moved(a)
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
	look, probe, register := time.NewTimer(g.lookAfter()), time.NewTimer(0), time.NewTimer(0)
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
			look.Reset(g.lookAfter())
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

func (g *gateway) lookAfter() time.Duration {
	if g.address().IsValid() {
		return resolveAgain
	}
	return probeSoon
}

func (g *gateway) probeAfter() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.health.doubtful() {
		return min(probeSoon, g.trunk.Outbound.Probe)
	}
	return g.trunk.Outbound.Probe
}

// resolve looks the server's name up. An address that is still among the answers
// is kept.
func (g *gateway) resolve(ctx context.Context) {
	host, port, _ := net.SplitHostPort(g.server) // checked
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || len(addrs) == 0 {
		g.log.Warn("name of the trunk's server not resolved", "err", err)
		return // the last known address counts
	}
	now := g.address()
	for _, a := range addrs {
		if a.Unmap() == now.Addr() {
			return
		}
	}
	g.moved(netip.AddrPortFrom(addrs[0].Unmap(), uint16(n)))
}

// moved makes remote the server's address.
func (g *gateway) moved(remote netip.AddrPort) {
	g.mu.Lock()
	before := g.remote
	g.remote = unmapped(remote)
	g.mu.Unlock()
	g.ua.transport.allow(remote)
	if before.IsValid() {
		g.ua.transport.forget(before)
	}
}

func (g *gateway) address() netip.AddrPort {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.remote
}

// flow is the way there.
func (g *gateway) flow() flow {
	network := g.trunk.Outbound.Transport
	return flow{network, g.ua.transport.addr(network), g.address()}
}

// usable says whether a call should be sent there; known, whether it could.
func (g *gateway) usable(now time.Time) (usable, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known = g.remote.IsValid() && !now.Before(g.closed)
	return known && g.whyDown(now) == "", known
}

// whyDown is empty when calls are taken. Caller holds mu.
func (g *gateway) whyDown(now time.Time) string {
	switch {
	case !g.remote.IsValid():
		return "name not resolved"
	case now.Before(g.closed):
		return "asked to be left alone"
	case g.trunk.Outbound.Register && !g.registered:
		return g.refused
	case g.health.down:
		return g.health.reason
	}
	return ""
}

func (g *gateway) isRegistered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.registered
}

func (g *gateway) state() TrunkState {
	g.mu.Lock()
	defer g.mu.Unlock()
	why := g.whyDown(time.Now())
	return TrunkState{Trunk: g.trunk.Name, Server: g.server, Up: why == "", Reason: why, Since: g.health.since}
}

// heard notes that the server answered, or failed to and why.
func (g *gateway) heard(failure string) {
	g.mu.Lock()
	changed, down := g.health.heard(failure, time.Now()), g.health.down
	g.mu.Unlock()
	switch {
	case changed && down:
		g.log.Error("trunk is down", "reason", failure)
	case changed:
		g.log.Info("trunk is up")
	}
}

// failed notes that a call was not taken, and has the server asked again.
func (g *gateway) failed(why string) {
	g.heard(why)
	select {
	case g.suspect <- struct{}{}:
	default:
	}
}

// leaveAlone keeps calls away for as long as res, a 503, asks (RFC 3261 21.5.4).
func (g *gateway) leaveAlone(res *msg.Response, now time.Time) {
	value, _, _ := strings.Cut(firstHdr(res, "Retry-After", ""), "(")
	value, _, _ = strings.Cut(value, ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	if err != nil || seconds == 0 {
		return
	}
	d := min(time.Duration(seconds)*time.Second, longestRetry)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = now.Add(g.ua.cfg.clock(d))
	g.log.Warn("trunk asked to be left alone", "for", d)
}

// probe asks by OPTIONS whether the server is there: whatever it answers, it is,
// but for those that say that it can do nothing.
func (g *gateway) probe(ctx context.Context) {
	if !g.address().IsValid() {
		return
	}
	res, err := g.exchange(ctx, g.request(msg.OPTIONS, uuid.NewString(), 1), 8*g.ua.cfg.T1)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		g.heard("no answer to OPTIONS")
	case res.StatusCode == 408 || res.StatusCode == 503:
		g.heard(fmt.Sprintf("OPTIONS answered with %d", res.StatusCode))
	default:
		g.heard("")
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
func (g *gateway) exchange(ctx context.Context, req *msg.Request, limit time.Duration) (*msg.Response, error) {
	f := g.flow()
	g.ua.prepare(req, f, "")
	return g.ua.exchange(ctx, req, f, limit)
}
