package sip

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	msg "github.com/emiago/sipgo/sip"
	"golang.org/x/sync/errgroup"

	"shouwen/metrics"
)

// registrarConfig is what a registrar is told once.
type registrarConfig struct {
	Domain string // realm of the digest
	Kept   string // file of the last known bindings; "": none is kept
	Node   int

	// allow and forget are told where phones are reached, once for each
	// binding; nil: nobody asks.
	allow, forget func(netip.AddrPort)
}

// registrar answers REGISTER from memory and knows how to reach each phone.
// Disk and store follow behind: neither is ever waited for. handle,
// authenticate, contacts, forgetFlow and count are safe from any goroutine.
type registrar struct {
	cfg      registrarConfig
	digest   *digestServer
	store    Bindings                           // nil: the file only
	onChange func(user string, registered bool) // from run's goroutine, in order
	metrics  *metrics.SIP
	log      *slog.Logger
	wakeKeep chan struct{}
	wakeSync chan struct{}

	mu         sync.RWMutex
	byUser     map[string][]Binding // a stored slice never changes
	changed    map[string]struct{}  // users whose presence is to be looked at
	dirty      bool                 // the file is behind
	nextExpiry time.Time            // not after the first expiry; zero: none
	behind     map[storeKey]Binding // what the store lacks
	surplus    map[storeKey]Binding // what the store has too much
}

// storeKey is what the store knows a binding by.
type storeKey struct{ user, contact string }

// maxSurplus bounds what is remembered to be removed while the store is away;
// what is forgotten expires there by itself.
const maxSurplus = 10_000

// newRegistrar returns a registrar that knows the last known bindings. run
// does the rest.
func newRegistrar(cfg registrarConfig, accounts Accounts, store Bindings, onChange func(string, bool),
	m *metrics.SIP, log *slog.Logger,
) *registrar {
	if cfg.allow == nil {
		cfg.allow, cfg.forget = func(netip.AddrPort) {}, func(netip.AddrPort) {}
	}
	now := time.Now()
	r := &registrar{
		cfg: cfg, digest: newDigestServer(cfg.Domain, accounts, log, now), store: store, onChange: onChange,
		metrics: m, log: log, wakeKeep: make(chan struct{}, 1), wakeSync: make(chan struct{}, 1),
		byUser: make(map[string][]Binding), changed: make(map[string]struct{}),
		behind: make(map[storeKey]Binding), surplus: make(map[storeKey]Binding),
	}
	if cfg.Kept != "" {
		known, err := readLastKnown(cfg.Kept)
		if err != nil {
			log.Warn("last known bindings ignored, phones are unknown until they register again", "err", err)
		}
		r.learn(known, now)
	}
	return r
}

// authenticate returns the user who sent req, or the response that refuses it.
func (r *registrar) authenticate(req *msg.Request, source netip.AddrPort, now time.Time) (string, *msg.Response) {
	user, verdict := r.digest.check(req, source, now)
	if verdict == authAccepted {
		return user, nil
	}
	return "", r.digest.refusal(req, verdict, source, now)
}

// handle returns the response to a REGISTER that came from source to local
// over transport (udp, tcp or tls).
func (r *registrar) handle(req *msg.Request, source, local netip.AddrPort, transport string, now time.Time) *msg.Response {
	if req.To() == nil || req.From() == nil || req.CallID() == nil || req.CSeq() == nil {
		return r.refuse(req, source, regMalformed)
	}
	user, verdict := r.digest.check(req, source, now)
	if verdict != authAccepted {
		if verdict != authMissing && verdict != authStale {
			r.metrics.RegistrationFailed(string(verdict))
		}
		return r.digest.refusal(req, verdict, source, now)
	}
	if req.To().Address.User != user {
		r.metrics.RegistrationFailed("other_user")
		r.log.Warn("registration of another user refused", "user", cleanUser(user), "to", cleanUser(req.To().Address.User), "source", source)
		return replyTo(req, source, msg.StatusForbidden, "Forbidden")
	}
	if account, _ := r.digest.accounts.Account(user); !account.Security.admits(strings.ToLower(transport)) {
		r.metrics.RegistrationFailed("no_tls")
		r.log.Warn("registration refused: the phone must use TLS", "user", cleanUser(user), "transport", transport, "source", source)
		return replyTo(req, source, tlsRequired.code, tlsRequired.reason)
	}
	reg, ok := readRegistration(req, Binding{
		User: user, Transport: strings.ToLower(transport), Local: local, Remote: source, Node: r.cfg.Node,
		CallID: req.CallID().Value(), CSeq: req.CSeq().SeqNo, UserAgent: userAgent(req),
	})
	if !ok {
		return r.refuse(req, source, regMalformed)
	}
	bindings, outcome := r.register(reg, now)
	if outcome != regStored {
		r.log.Warn("registration refused", "user", cleanUser(user), "source", source, "outcome", outcome)
		res := r.refuse(req, source, outcome)
		answerRegister(res, outcome, nil, nil, now)
		return res
	}
	res := replyTo(req, source, msg.StatusOK, "OK")
	answerRegister(res, outcome, bindings, reg.from.Path, now)
	return res
}

func (r *registrar) refuse(req *msg.Request, source netip.AddrPort, o regOutcome) *msg.Response {
	r.metrics.RegistrationFailed(string(o))
	return replyTo(req, source, regStatus[o].code, regStatus[o].reason)
}

func userAgent(req *msg.Request) string {
	if h := req.GetHeader("User-Agent"); h != nil {
		return cleanUser(h.Value())
	}
	return ""
}

// register applies reg to what its user has.
func (r *registrar) register(reg registration, now time.Time) ([]Binding, regOutcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user := reg.from.User
	bindings, outcome := register(now, r.byUser[user], reg)
	if outcome == regStored {
		r.replace(user, bindings)
	}
	return bindings, outcome
}

// replace makes now the bindings of user and notes what disk, store and
// presence have to follow. It needs mu.
func (r *registrar) replace(user string, now []Binding) {
	was := r.byUser[user]
	if slices.EqualFunc(was, now, Binding.equal) {
		return
	}
	r.byUser[user] = now
	if len(now) == 0 {
		delete(r.byUser, user)
	}
	for _, b := range now {
		r.cfg.allow(b.Remote)
	}
	for _, b := range was {
		r.cfg.forget(b.Remote)
	}
	for _, b := range was {
		if !slices.ContainsFunc(now, func(c Binding) bool { return c.key() == b.key() }) {
			delete(r.behind, b.key())
			r.discard(b)
		}
	}
	for _, b := range now {
		delete(r.surplus, b.key())
		if !slices.ContainsFunc(was, b.equal) {
			r.behind[b.key()] = b
		}
		if r.nextExpiry.IsZero() || b.Expires.Before(r.nextExpiry) {
			r.nextExpiry = b.Expires
		}
	}
	r.changed[user] = struct{}{}
	r.dirty = true
	poke(r.wakeKeep)
	poke(r.wakeSync)
}

// discard notes that the store is to remove b. It needs mu.
func (r *registrar) discard(b Binding) {
	if len(r.surplus) < maxSurplus {
		r.surplus[b.key()] = b
	}
}

func (b Binding) key() storeKey { return storeKey{b.User, b.Contact} }

// equal reports whether b and c are the same registration, to the microsecond
// a database keeps.
func (b Binding) equal(c Binding) bool {
	return b.key() == c.key() && b.Updated.UnixMicro() == c.Updated.UnixMicro() && b.Expires.UnixMicro() == c.Expires.UnixMicro()
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// learn merges bindings from disk or store into what is known: the newer wins,
// what has just been removed here stays removed.
func (r *registrar) learn(other []Binding, now time.Time) {
	byUser := make(map[string][]Binding)
	for _, b := range other {
		if _, known := r.digest.accounts.Account(b.User); known && b.Expires.After(now) {
			byUser[b.User] = append(byUser[b.User], b)
			r.digest.throttle.know(b.User, b.Remote, now)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, found := range byUser {
		found = slices.DeleteFunc(found, func(b Binding) bool {
			_, removed := r.surplus[b.key()]
			return removed
		})
		r.replace(user, mergeBindings(now, r.byUser[user], found))
		for _, b := range found {
			if slices.ContainsFunc(r.byUser[user], b.equal) {
				delete(r.behind, b.key())
			}
		}
	}
}

// contacts returns the live bindings of user, preferred first.
func (r *registrar) contacts(user string) []Binding {
	now := time.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(r.byUser[user]), func(b Binding) bool { return !b.Expires.After(now) })
}

// count returns how many contacts are registered.
func (r *registrar) count() int {
	now := time.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for _, bindings := range r.byUser {
		for _, b := range bindings {
			if b.Expires.After(now) {
				n++
			}
		}
	}
	return n
}

// forgetFlow removes the bindings reached through a connection that is gone.
func (r *registrar) forgetFlow(transport string, remote netip.AddrPort) {
	r.removeFunc(func(b Binding) bool { return b.Remote == remote && strings.EqualFold(b.Transport, transport) })
}

func (r *registrar) removeFunc(gone func(Binding) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, bindings := range r.byUser {
		if slices.ContainsFunc(bindings, gone) {
			r.replace(user, slices.DeleteFunc(slices.Clone(bindings), gone))
		}
	}
}

// run keeps file, store and presence up to date until ctx ends, and returns
// after the last changes are on disk.
func (r *registrar) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.keep(ctx) })
	if r.store != nil {
		g.Go(func() error { return r.replicate(ctx) })
	}
	return g.Wait()
}
