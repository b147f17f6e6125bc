package sip

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"shouwen/metrics"
)

// Trunk is a peer that brings calls from outside, known by its addresses, and
// may take calls to the outside.
type Trunk struct {
	Name          string
	Peers         []netip.Prefix // signalling sources
	Plan          NumberingPlan  // how it writes numbers
	TrustIdentity bool           // believe P-Asserted-Identity and Remote-Party-ID (RFC 3325)
	NAT           bool           // its RTP may come from any address
	Inband        bool           // keys pressed come as tones in the audio
	Security      Security
	Channels      int       // calls there may be over it at once; 0: not known
	Outbound      *Outbound // how calls leave through it; nil: they do not
}

// Outbound says how calls leave through a trunk.
type Outbound struct {
	Register  bool          // we register there; otherwise it knows us by our address
	Servers   []string      // host:port, or a host alone that DNS knows by SRV, the preferred first; also sources of calls from outside
	Transport string        // "udp", "tcp" or "tls"
	Domain    string        // of our address and of those we call
	Realm     string        // whose challenges are answered
	User      string        // of the account; empty: no challenge is answered
	Password  string        // of the account
	Caller    string        // number shown to everybody called, E.164 or as it is; empty: that of the Dialing
	Format    NumberFormat  // of both numbers
	Prefix    string        // put before every number called
	Assert    bool          // name the caller in P-Asserted-Identity, too
	Priority  int           // the lowest is tried first
	Probe     time.Duration // between two OPTIONS; 0: none are sent
}

// credentials are what the trunk's own servers get to see; at is one of them.
func (t *Trunk) credentials(at netip.Addr) trunkCredentials {
	o := t.Outbound
	own := netip.PrefixFrom(at, at.BitLen())
	return trunkCredentials{Realm: o.Realm, User: o.User, Password: o.Password, Peers: append([]netip.Prefix{own}, t.Peers...)}
}

// TrunkState is how a server of a trunk stands.
type TrunkState struct {
	Trunk, Server string
	Up            bool
	Reason        string // why it is down, or empty
	Since         time.Time
}

// ErrNoTrunk says that there is no trunk a call could leave by.
var ErrNoTrunk = errors.New("no trunk for calls to the outside")

// maxRoutes is how many addresses of servers one call tries.
const maxRoutes = 4

// Trunks are the servers of the trunks calls may leave by, the preferred first.
func (u *UA) Trunks() []TrunkState {
	all := make([]TrunkState, len(u.gateways))
	for i, g := range u.gateways {
		all[i] = g.state()
	}
	return all
}

// trunkFigures are the trunks as metrics count them.
func (u *UA) trunkFigures() map[string]metrics.TrunkFigures {
	all := make(map[string]metrics.TrunkFigures)
	for _, t := range u.cfg.Trunks {
		all[t.Name] = metrics.TrunkFigures{Limit: t.Channels}
	}
	for _, s := range u.Trunks() {
		f := all[s.Trunk]
		f.Watched, f.Up = true, f.Up || s.Up
		all[s.Trunk] = f
	}
	for _, l := range u.live() {
		if name := cmp.Or(l.in.Trunk, l.Trunk()); name != "" {
			f := all[name]
			f.Channels++
			all[name] = f
		}
	}
	return all
}

// registrations counts those of phones here, and ours at servers of trunks.
func (u *UA) registrations() (phones, trunks int) {
	for _, g := range u.gateways {
		if g.isRegistered() {
			trunks++
		}
	}
	return u.registrar.count(), trunks
}

// routes are the servers a call may try at now, in their order. Those that are
// down are tried only if none is up: a server that ignores OPTIONS may take calls.
func (u *UA) routes(now time.Time) []*endpoint {
	var up, down []*endpoint
	for _, g := range u.gateways {
		if !g.trunk.Security.admits(g.trunk.Outbound.Transport) {
			continue
		}
		for _, e := range g.inTurn() {
			switch usable, ok := e.usable(now); {
			case usable:
				up = append(up, e)
			case ok:
				down = append(down, e)
			}
		}
	}
	if len(up) == 0 {
		up = down
	}
	return up[:min(len(up), maxRoutes)]
}

// newGateways are the servers of all trunks, the preferred first.
func newGateways(u *UA, trunks []Trunk) (all []*gateway) {
	for i := range trunks {
		t := &trunks[i]
		if t.Outbound == nil {
			continue
		}
		for _, s := range t.Outbound.Servers {
			all = append(all, newGateway(u, t, s))
		}
	}
	slices.SortStableFunc(all, func(a, b *gateway) int { return cmp.Compare(a.trunk.Outbound.Priority, b.trunk.Outbound.Priority) })
	return all
}

// trusted says whether a is the address of a trunk.
func (u *UA) trusted(a netip.Addr) bool { return u.trunk(netip.AddrPortFrom(a, 0)) != nil }

// trunk returns the trunk that sends from source: the one whose server that is,
// else the one that names the address.
func (u *UA) trunk(source netip.AddrPort) *Trunk {
	source = unmapped(source)
	var sameHost *Trunk
	for _, g := range u.gateways {
		switch {
		case g.at(source) != nil:
			return g.trunk
		case sameHost == nil && g.at(netip.AddrPortFrom(source.Addr(), 0)) != nil:
			sameHost = g.trunk
		}
	}
	for i := range u.cfg.Trunks {
		for _, p := range u.cfg.Trunks[i].Peers {
			if p.Contains(source.Addr()) {
				return &u.cfg.Trunks[i]
			}
		}
	}
	return sameHost
}

// leadsTo says whether remote is a server of a trunk, which may be dialled.
func (u *UA) leadsTo(network string, remote netip.AddrPort) bool {
	return slices.ContainsFunc(u.gateways, func(g *gateway) bool {
		return g.trunk.Outbound.Transport == network && g.at(remote) != nil
	})
}

// HostOf is the host of a server of a trunk: host:port, or a host alone.
func HostOf(server string) string {
	if host, _, err := net.SplitHostPort(server); err == nil {
		return host
	}
	return server
}

// trunkHosts are the names the certificates of TLS servers may bear.
func trunkHosts(trunks []Trunk) (hosts []string) {
	for _, t := range trunks {
		if t.Outbound != nil && t.Outbound.Transport == "tls" {
			for _, s := range t.Outbound.Servers {
				hosts = append(hosts, HostOf(s))
			}
		}
	}
	return hosts
}
