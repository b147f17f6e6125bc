package sip

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"golang.org/x/sync/errgroup"

	"shouwen/metrics"
	"shouwen/sip/media"
)

// Config is what a UA is told once, at start.
type Config struct {
	Transport TransportConfig
	Node      int        // number of this node, part of Call-IDs
	Domain    string     // our SIP domain; phones register as user@Domain
	Agent     string     // Server and User-Agent header field
	MediaAddr netip.Addr // address our SDP names
	Trunks    []Trunk
	Kept      string        // file of the last known bindings
	T1        time.Duration // RTT estimate for our own retransmissions; 0: 500 ms

	second time.Duration // length of a second of session timers and of waits after 491; 0: one second
}

// clock is how long a wait of d, in seconds of the RFCs, takes.
func (c *Config) clock(d time.Duration) time.Duration {
	if c.second == 0 {
		return d
	}
	return time.Duration(d.Seconds() * float64(c.second))
}

// Deps is what a UA needs from its owner.
type Deps struct {
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Ports    *media.Pool
	Accounts Accounts                      // phones that may register and call
	Bindings Bindings                      // where registrations are kept beyond this process
	Nodes    func() map[int]netip.AddrPort // where the other nodes that are alive take SIP over UDP, by number; nil: there are none
	Resolver *net.Resolver                 // of the names of trunks' servers; nil: the system's

	// OnCall is handed each new call that may be made, on the leg's own
	// goroutine, and returns the receiver of the leg's events. It must not block.
	OnCall func(*Leg) func(Event)
	// OnRefused is told of a call by a trunk that was refused before it became
	// a leg, with the status it got. It must not block.
	OnRefused func(Incoming, int)
	// Lag says how long new calls have to wait at least, as measured since it was
	// asked last. While it is more than 150 ms, only as many are taken as keep it
	// there. It must not block.
	Lag func(now time.Time) time.Duration
	// OnPresence is told when the first contact of a user comes or the last goes.
	// It must not block.
	OnPresence func(user string, registered bool)
}

// UA is Shouwen's SIP user agent and registrar. Its methods are safe from any
// goroutine.
type UA struct {
	cfg        Config
	deps       Deps
	transport  *transport
	registrar  *registrar
	gateways   []*gateway    // of the trunks; fixed in New
	sessionIDs atomic.Uint64 // of SDP origins

	mu       sync.Mutex
	drain    bool                // no new legs
	legs     map[string]*Leg     // by local tag
	past     map[string]dialogID // of legs that ended lately, by local tag
	initial  map[initialKey]*Leg // live INVITEs without To tag, to find merged requests
	canceled canceledBranches
	legsDone sync.WaitGroup
}

// audioInterval is between two counts of what audio does.
const audioInterval = 5 * time.Second

// ErrDraining says that no new call is taken.
var ErrDraining = errors.New("draining: no new calls")

// New binds every listener, so that an occupied port is told before anything
// else starts. Run serves them.
func New(cfg Config, deps Deps) (*UA, error) {
	if cfg.T1 == 0 {
		cfg.T1 = 500 * time.Millisecond
	}
	u := &UA{cfg: cfg, deps: deps, legs: make(map[string]*Leg), past: make(map[string]dialogID), initial: make(map[initialKey]*Leg)}
	cfg.Transport.trunkHosts = trunkHosts(cfg.Trunks)
	cfg.Transport.Trusted, cfg.Transport.stray = u.trusted, u.onStrayResponse
	cfg.Transport.lost = func(network string, peer netip.AddrPort) { u.registrar.forgetFlow(network, peer) }
	t, err := newTransport(cfg.Transport, deps.Metrics, deps.Log)
	if err != nil {
		return nil, err
	}
	u.transport = t
	u.gateways = newGateways(u, cfg.Trunks)
	deps.Metrics.SIP.ReadTrunks(u.trunkFigures)
	u.registrar = newRegistrar(registrarConfig{Domain: cfg.Domain, Kept: cfg.Kept, Node: cfg.Node, allow: t.allow, forget: t.forget},
		deps.Accounts, deps.Bindings, deps.OnPresence, deps.Metrics.SIP, deps.Log)
	deps.Metrics.SIP.ReadRegistrations(u.registrations)
	t.ua.TransactionLayer().OnRequest(u.onRequest)
	return u, nil
}

// Run serves until ctx ends, then closes the listeners. Legs still alive lose
// their signalling: Drain first.
func (u *UA) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return u.transport.run(ctx) })
	g.Go(func() error { return u.registrar.run(ctx) })
	g.Go(func() error { return u.watchLag(ctx) })
	g.Go(func() error { return u.watchAudio(ctx) })
	for _, one := range u.gateways {
		g.Go(func() error { return one.run(ctx) })
	}
	return g.Wait()
}

// watchLag has as many new calls taken as Lag allows, and tells of those refused
// when there is time for it.
func (u *UA) watchLag(ctx context.Context) error {
	tick := time.NewTicker(lagInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case now := <-tick.C:
			for _, call := range u.transport.gate.calls.adapt(u.deps.Lag(now), now) {
				u.transport.panics.safely("sip_refused", func() { u.tellRefused(call) })
			}
		}
	}
}

// watchAudio counts what the audio of live legs does as it goes: a long call is not
// to appear in the figures of its last minute only.
func (u *UA) watchAudio(ctx context.Context) error {
	tick := time.NewTicker(u.cfg.clock(audioInterval))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			for _, l := range u.live() {
				l.reportAudio()
			}
		}
	}
}

// tellRefused tells the owner of a call that never became a transaction.
func (u *UA) tellRefused(call refusedCall) {
	parsed, err := msg.ParseMessage(call.request)
	req, ok := parsed.(*msg.Request)
	trunk := u.trunk(call.source)
	if err != nil || !ok || trunk == nil || u.isAccount(req.From().Address) {
		return // phones ring again by themselves, and who they are was not proved
	}
	u.deps.OnRefused(Incoming{
		Caller: u.identify(req, trunk, ""), Dialed: dialedAt(req, trunk), Trunk: trunk.Name, CallID: req.CallID().Value(),
	}, 503)
}

// Ready is closed when every listener takes requests.
func (u *UA) Ready() <-chan struct{} { return u.transport.ready() }

// Addr is the first bound address of network "udp", "tcp" or "tls"; zero if there is none.
func (u *UA) Addr(network string) netip.AddrPort { return u.transport.addr(network) }

// Forget drops the bindings of users who have no account any more.
func (u *UA) Forget() {
	u.registrar.removeFunc(func(b Binding) bool { _, known := u.deps.Accounts.Account(b.User); return !known })
}

// Contacts are the live registrations of user, the preferred first.
func (u *UA) Contacts(user string) []Binding { return u.registrar.contacts(user) }

// Drain refuses new calls with 503 and waits until every leg has ended or ctx
// is over; then it hangs up the rest, and waits again for at most two seconds
// so that their BYE goes out.
func (u *UA) Drain(ctx context.Context) {
	u.mu.Lock()
	first := !u.drain
	u.drain = true
	u.mu.Unlock()
	for _, g := range u.gateways {
		if first {
			close(g.leaving)
		}
	}
	ended := make(chan struct{})
	u.transport.panics.start("drain", func() { u.legsDone.Wait(); close(ended) })
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	for _, l := range u.live() {
		l.Hangup(Hangup{Cause: EndShutdown, Reason: "SIP;cause=503;text=\"Shutting down\""})
	}
	select {
	case <-ended:
	case <-time.After(2 * time.Second):
	}
}

func (u *UA) draining() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.drain
}

func (u *UA) live() []*Leg {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]*Leg, 0, len(u.legs))
	for _, l := range u.legs {
		all = append(all, l)
	}
	return all
}

// add makes l findable by its local tag; an inbound leg also by its INVITE. It
// returns 0, or the status to refuse the call with: 503 when draining, 482 if the
// same INVITE is being served already (RFC 3261 8.2.2.2).
func (u *UA) add(l *Leg) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.drain:
		return 503
	case l.key == initialKey{}:
	case u.initial[l.key] != nil:
		return 482
	default:
		u.initial[l.key] = l
	}
	u.legs[l.id] = l
	u.legsDone.Add(1)
	u.transport.allow(l.flow.remote)
	return 0
}

// remove forgets l. Its transactions may go on, so its peer and its dialog are
// remembered longer.
func (u *UA) remove(l *Leg) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.legs, l.id)
	delete(u.initial, l.key)
	if id := l.peer.Load(); id != nil {
		u.past[l.id] = *id
	}
	id, remote := l.id, l.flow.remote
	time.AfterFunc(64*u.cfg.T1, func() {
		u.transport.forget(remote)
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.past, id)
	})
	u.legsDone.Done()
}

func (u *UA) find(localTag string) *Leg {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.legs[localTag]
}

// security is what is demanded of the trunk with a name or, if it is empty, of
// the phone of user.
func (u *UA) security(trunk, user string) Security {
	for _, t := range u.cfg.Trunks {
		if t.Name == trunk {
			return t.Security
		}
	}
	phone, _ := u.deps.Accounts.Account(user)
	return phone.Security
}

// initialKey tells INVITEs outside of a dialog apart, whatever way they came.
type initialKey struct {
	callID, fromTag string
	seq             uint32
}

func keyOf(req *msg.Request) initialKey {
	return initialKey{req.CallID().Value(), tag(req.From().Params), req.CSeq().SeqNo}
}

// canceledBranches remembers CANCELs that overtook their INVITE: sipgo serves
// each message on a goroutine of its own. A ring of fixed size, owned by UA.mu.
type canceledBranches struct {
	ring [64]struct {
		branch string
		at     time.Time
	}
	next int
}

func (c *canceledBranches) put(branch string, now time.Time) {
	c.ring[c.next].branch, c.ring[c.next].at = branch, now
	c.next = (c.next + 1) % len(c.ring)
}

func (c *canceledBranches) has(branch string, now time.Time) bool {
	for _, r := range c.ring {
		if r.branch == branch && now.Sub(r.at) < time.Second {
			return true
		}
	}
	return false
}
