package sip

import (
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
