package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// SetSecond makes the seconds of session timers and of waits after 491 last d.
func (c *Config) SetSecond(d time.Duration) { c.second = d }

// NewReplaces names a dialog.
func NewReplaces(callID, toTag, fromTag string) Replaces {
	return Replaces{callID, toTag, fromTag, false}
}

// Legs is how many legs u has.
func (u *UA) Legs() int { return len(u.live()) }

// HasFlow says whether there is a connection to remote.
func (u *UA) HasFlow(network string, remote netip.AddrPort) bool {
	return u.transport.hasFlow(network, remote)
}

// LookUp returns where a server is, each place as "address priority weight".
func LookUp(ctx context.Context, r *net.Resolver, network, family, server string) (places []string, err error) {
	found, err := resolver{Resolver: r, network: network, family: family}.lookUp(ctx, server)
	for _, p := range found {
		places = append(places, fmt.Sprintf("%s %d %d", p.remote, p.priority, p.weight))
	}
	return places, err
}
